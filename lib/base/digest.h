/* digest.h - SHA-256 over data that comes in pieces, hex, random bytes; and
 * the SHA-1 by which etcd names members and clusters.
 *
 * A digest is started with digest_init(), fed, and ended with digest_final();
 * digest_clear() releases it at any point, twice as well, and a DIGEST_INIT one
 * too.  A failed update sticks and is told by digest_final(). */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	DIGEST_LEN = 32,                /* bytes of a SHA-256 */
	DIGEST_HEX = 2 * DIGEST_LEN,    /* characters of it, without the NUL */
	DIGEST_SHA1_LEN = 20,
};

struct digest {
	void *ctx;
	_Bool failed;
};
#define DIGEST_INIT { .ctx = NULL }

/* Start over, whatever was fed before. */
int digest_init(struct digest *d, struct err *e) MUST_USE;
void digest_update(struct digest *d, const void *data, size_t len);
/* Write the DIGEST_LEN bytes of all that was fed.  `d` must be started again
 * before it is fed again. */
int digest_final(struct digest *d, unsigned char out[DIGEST_LEN],
                 struct err *e) MUST_USE;
/* The same of what was fed so far; more may follow. */
int digest_so_far(const struct digest *d, unsigned char out[DIGEST_LEN],
                  struct err *e) MUST_USE;
void digest_clear(struct digest *d);

/* The digest of one piece. */
int digest_of(const void *data, size_t len, unsigned char out[DIGEST_LEN],
              struct err *e) MUST_USE;

/* SHA-1, for names only: it guards nothing. */
int digest_sha1_of(const void *data, size_t len,
                   unsigned char out[DIGEST_SHA1_LEN], struct err *e) MUST_USE;

/* Write 2 * len lower-case hex digits and a NUL to `out`. */
void digest_hex(const void *data, size_t len, char *out);
/* Read exactly 2 * len hex digits of either case, nothing after them.  False,
 * and `out` untouched, when `text` is anything else. */
_Bool digest_unhex(const char *text, void *out, size_t len);

/* Fill with bytes that nobody can guess. */
int digest_random(void *out, size_t len, struct err *e) MUST_USE;

#endif
