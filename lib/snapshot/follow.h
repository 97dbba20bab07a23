/* follow.h - judge a database file while it is being written.
 *
 * Two threads read the file close behind its writer, while the bytes are still
 * in memory: one digests, the other checks (image.h).  What is judged is thus
 * what lies in the file, and it costs the writer next to no time.
 *
 * follow_start(); follow_wrote() as bytes get there; follow_finish(), after
 * which the image and the digest may be looked at; follow_close() at any point,
 * which abandons the check if it is not finished. */
#ifndef SNAPSHOT_FOLLOW_H
#define SNAPSHOT_FOLLOW_H

#include <pthread.h>
#include <stdint.h>

#include "base/digest.h"
#include "mvcc/image.h"

enum { FOLLOW_THREADS = 2 };

struct follow;
struct follow_reader {
	struct follow *follow;
	int (*feed)(struct follow *f, const void *data, size_t len,
	            struct err *e);
	int (*end)(struct follow *f, struct err *e);
	pthread_t thread;
	_Bool running;
	int rc;                         /* the thread's, valid after join */
	struct err err;
};

struct follow {
	int fd;                         /* borrowed */
	uint64_t end;                   /* bytes to read */
	struct follow_reader readers[FOLLOW_THREADS];
	pthread_mutex_t lock;           /* guards the next two */
	pthread_cond_t moved;
	uint64_t written;
	_Bool stop;
	struct digest digest;
	unsigned char sha256[DIGEST_LEN];
	struct image image;
};
#define FOLLOW_INIT { .fd = -1, .image = IMAGE_INIT, .digest = DIGEST_INIT, \
	.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER }

/* Begin to follow `fd`, which will hold `size` bytes.  `exact` as for
 * image_open(); `spill_dir` likewise, and borrowed. */
int follow_start(struct follow *f, int fd, uint64_t size, _Bool exact,
                 const char *spill_dir, struct err *e) MUST_USE;
/* The first `upto` bytes can be read.  False when the check has failed already:
 * there is no point in going on; follow_finish() says why. */
_Bool follow_wrote(struct follow *f, uint64_t upto);
/* Wait for the end.  Fails when the check could not be made or made no sense;
 * damage that it found is in f->image.findings. */
int follow_finish(struct follow *f, struct err *e) MUST_USE;
void follow_close(struct follow *f);

#endif
