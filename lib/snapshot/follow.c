#include "snapshot/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 256 << 10 };

/* How far may be read now; waits for a block, or for the end. */
static _Bool wait_for(struct follow *f, uint64_t at, uint64_t *upto)
{
	uint64_t want = f->end - at < BLOCK ? f->end : at + BLOCK;
	_Bool go;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->stop && f->written < want)
		(void)pthread_cond_wait(&f->moved, &f->lock);
	*upto = f->written;
	go = !f->stop;
	(void)pthread_mutex_unlock(&f->lock);
	return go;
}

static int take(struct follow *f, unsigned char *block, uint64_t at,
                size_t want, size_t *got, struct err *e)
{
	ssize_t n;

	do
		n = pread(f->fd, block, want, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read the database");
	if (n == 0)
		return err_set(e, ERR_CORRUPT, "the file became shorter");
	*got = (size_t)n;
	digest_update(&f->digest, block, *got);
	return image_feed(&f->image, block, *got, e);
}

static int run(struct follow *f, struct err *e)
{
	unsigned char *block = malloc(BLOCK);
	uint64_t at = 0, upto;
	int rc = block == NULL ? err_nomem(e) : 0;

	while (rc == 0 && at < f->end) {
		if (!wait_for(f, at, &upto)) {
			rc = err_set(e, ERR_STOPPED, "the check was abandoned");
			break;
		}
		while (rc == 0 && at < upto && (upto - at >= BLOCK ||
		       upto == f->end)) {
			size_t n = upto - at < BLOCK ? (size_t)(upto - at)
			                             : BLOCK;

			rc = take(f, block, at, n, &n, e);
			at += rc == 0 ? n : 0;
		}
	}
	free(block);
	if (rc == 0)
		rc = digest_final(&f->digest, f->sha256, e);
	return rc == 0 ? image_finish(&f->image, e) : rc;
}

static void *thread_main(void *arg)
{
	struct follow *f = arg;
	int rc = run(f, &f->err);

	(void)pthread_mutex_lock(&f->lock);
	f->rc = rc;
	f->stop = 1;
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

int follow_start(struct follow *f, int fd, uint64_t size, _Bool exact,
                 const char *spill_dir, struct err *e)
{
	f->fd = fd;
	f->end = size;
	if (digest_init(&f->digest, e) < 0 ||
	    image_open(&f->image, size, exact, spill_dir, e) < 0)
		return -1;
	errno = pthread_create(&f->thread, NULL, thread_main, f);
	if (errno != 0)
		return err_sys(e, "cannot start a thread");
	f->running = 1;
	return 0;
}

_Bool follow_wrote(struct follow *f, uint64_t upto)
{
	_Bool go;

	(void)pthread_mutex_lock(&f->lock);
	f->written = upto;
	go = !f->stop;
	(void)pthread_cond_signal(&f->moved);
	(void)pthread_mutex_unlock(&f->lock);
	return go;
}

int follow_finish(struct follow *f, struct err *e)
{
	(void)pthread_join(f->thread, NULL);
	f->running = 0;
	if (f->rc < 0)
		*e = f->err;
	return f->rc;
}

void follow_close(struct follow *f)
{
	if (f->running) {
		(void)pthread_mutex_lock(&f->lock);
		f->stop = 1;
		(void)pthread_cond_signal(&f->moved);
		(void)pthread_mutex_unlock(&f->lock);
		(void)pthread_join(f->thread, NULL);
		f->running = 0;
	}
	digest_clear(&f->digest);
	image_close(&f->image);
}
