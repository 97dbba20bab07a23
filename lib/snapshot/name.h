/* name.h - what snapshots are called.
 *
 * Ours: 20261123T050607Z-<node>-r000000012345, which sorts by time and holds no
 * colon.  RKE's: <RFC 3339 time>_etcd.  A name is without the suffix that its
 * file has (".tar.zst" or ".zip"). */
#ifndef SNAPSHOT_NAME_H
#define SNAPSHOT_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	NAME_MAX_LEN = 200,             /* bytes, without suffix */
	NAME_NODE_MAX = 63,
};

enum name_form { NAME_OURS, NAME_RKE };

struct name {
	enum name_form form;
	int64_t time;                   /* seconds since 1970 */
	char node[NAME_NODE_MAX + 1];   /* "" in RKE's */
	uint64_t revision;              /* 0 in RKE's */
};

/* Write our name.  In `node` what is not a letter, digit, '.', '_' or '-'
 * becomes '-'; too long a node is cut.  `time` is within years 1 to 9999. */
void name_make(char out[NAME_MAX_LEN + 1], int64_t time, const char *node,
               uint64_t revision);
/* Understand a file's name, with or without a suffix.  False when it is
 * neither ours nor RKE's; `out` is untouched then. */
_Bool name_parse(const char *file, struct name *out);
/* Accept a name that a user gave, with or without a suffix, and write it
 * without.  ERR_USAGE for what cannot be a file's name in the snapshot folder:
 * empty, a slash, a leading '.' or '-', control characters, too long. */
int name_check(const char *text, char out[NAME_MAX_LEN + 1],
               struct err *e) MUST_USE;
/* Length of `file` without ".tar.zst" or ".zip". */
size_t name_stem(const char *file);
/* An RFC 3339 time ("2021-03-05T12:00:00Z", "...+01:00", fractions dropped):
 * where it ends in `s`, or NULL when it is not one. */
const char *name_time(const char *s, int64_t *out);

#endif
