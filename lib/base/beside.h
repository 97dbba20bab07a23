/* beside.h - SHA-256 in a thread beside the one that has the bytes.
 *
 * The digest is the slowest of what happens to a byte here, and nothing waits
 * for it before the end.  The caller fills a block, uses it as it likes, and
 * gives it up; the thread digests the blocks in that order.
 *
 * beside_start(); beside_block() and beside_give() in turns; beside_finish();
 * beside_close() at any point, which abandons the digest. */
#ifndef BASE_BESIDE_H
#define BASE_BESIDE_H

#include <pthread.h>
#include <stddef.h>

#include "base/digest.h"

enum { BESIDE_BLOCK = 256 << 10, BESIDE_BLOCKS = 32 };

struct beside {
	unsigned char *blocks;
	size_t lens[BESIDE_BLOCKS];
	pthread_t thread;
	_Bool running;
	pthread_mutex_t lock;           /* guards the next four */
	pthread_cond_t moved;
	unsigned long given, digested;  /* blocks */
	_Bool ended;
	struct digest digest;           /* the thread's, until it has ended */
};
#define BESIDE_INIT { .blocks = NULL, .digest = DIGEST_INIT, \
	.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER }

int beside_start(struct beside *b, struct err *e) MUST_USE;
/* BESIDE_BLOCK bytes to fill; waits until there are some. */
unsigned char *beside_block(struct beside *b);
/* The first `len` bytes of that block are next.  It may still be read, until
 * beside_block() is called again, but no longer written. */
void beside_give(struct beside *b, size_t len);
/* Wait for the digest of all that was given. */
int beside_finish(struct beside *b, unsigned char out[DIGEST_LEN],
                  struct err *e) MUST_USE;
void beside_close(struct beside *b);

#endif
