/* findings.h - what a check found wrong: the first ones in words, all counted.
 *
 * Finding damage is a result of a check, not a failure of it: checks go on and
 * collect what they see here. */
#ifndef BOLT_FINDINGS_H
#define BOLT_FINDINGS_H

#include <stdint.h>

#include "base/buf.h"

enum { FINDINGS_KEPT = 20, FINDINGS_TEXT = 64 << 10 };

struct findings {
	uint64_t count;
	struct buf text;                /* the kept ones, a line each */
};
#define FINDINGS_INIT { .text = BUF_INIT(FINDINGS_TEXT) }

/* Add one; `fmt` names page, bucket and key where they are known. */
__attribute__((format(printf, 2, 3)))
void findings_add(struct findings *f, const char *fmt, ...);
/* ERR_CORRUPT with the first finding and how many more there are, or 0 when
 * there are none. */
int findings_check(const struct findings *f, struct err *e) MUST_USE;
void findings_close(struct findings *f);

/* Print a key for a message: text where it is text, else hex; cut when long.
 * `out` has room for FINDINGS_KEY bytes. */
enum { FINDINGS_KEY = 96 };
const char *findings_key(const void *key, size_t len, char *out);

#endif
