/* patch.h - change a few buckets of a database: in place, or while it is
 * written anew.
 *
 * A patch replaces the content of small buckets whole and may add one entry
 * behind the last one of a large bucket.  In place, the pages of the database
 * stay as they are; what changes is appended, and new metas make it count: the
 * cost does not depend on the size (etcd-formats, "in-place edit").  Rewriting
 * gives what a defragmentation gives, in one sequential pass.
 *
 * Either is for a file that nobody else sees yet: a crash in between leaves a
 * file to be thrown away. */
#ifndef BOLT_PATCH_H
#define BOLT_PATCH_H

#include "bolt/dense.h"
#include "bolt/tree.h"

struct patch_bucket {
	const char *name;
	const struct entries *content;
};

struct patch {
	const struct patch_bucket *replace;
	size_t n_replace;
	const char *append_to;          /* bucket of the new row, or NULL */
	const unsigned char *key, *value;
	size_t key_len, value_len;
};

/* Apply to the database that `t` maps.  `out` is the same file, open at the
 * end of its last page.  ERR_CORRUPT when the row's key is not above all. */
int patch_in_place(const struct patch *p, struct tree *t, struct outfile *out,
                   struct meta *out_meta, struct err *e) MUST_USE;
/* Write the patched database to the empty file `out`, pages filled to `fill`
 * percent. */
int patch_rewrite(const struct patch *p, struct tree *t, unsigned fill,
                  struct outfile *out, struct meta *out_meta,
                  struct err *e) MUST_USE;

#endif
