#include "snapshot/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEP = 256 << 10 };               /* bytes read at a time */

/* ---- the two readers ---- */

static int feed_digest(struct follow *f, const void *data, size_t len,
                       struct err *e)
{
	(void)e;
	digest_update(&f->digest, data, len);
	return 0;
}

static int end_digest(struct follow *f, struct err *e)
{
	return digest_final(&f->digest, f->sha256, e);
}

static int feed_image(struct follow *f, const void *data, size_t len,
                      struct err *e)
{
	return image_feed(&f->image, data, len, e);
}

static int end_image(struct follow *f, struct err *e)
{
	return image_finish(&f->image, e);
}

/* ---- a thread ---- */

/* Wait until the bytes before `upto` are there. */
static _Bool wait_for(struct follow *f, uint64_t upto)
{
	_Bool go;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->stop && f->written < upto)
		(void)pthread_cond_wait(&f->moved, &f->lock);
	go = f->written >= upto;
	(void)pthread_mutex_unlock(&f->lock);
	return go;
}

static int take(struct follow_reader *r, unsigned char *block, uint64_t at,
                size_t len, struct err *e)
{
	for (size_t got = 0; got < len; ) {
		ssize_t n = pread(r->follow->fd, block + got, len - got,
		                  (off_t)(at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read the database");
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "the file became shorter");
		got += (size_t)n;
	}
	return r->feed(r->follow, block, len, e);
}

static int run(struct follow_reader *r, unsigned char *block, struct err *e)
{
	struct follow *f = r->follow;

	for (uint64_t at = 0; at < f->end; at += STEP) {
		size_t len = f->end - at < STEP ? (size_t)(f->end - at) : STEP;

		if (!wait_for(f, at + len))
			return err_set(e, ERR_STOPPED,
			               "the check was abandoned");
		if (take(r, block, at, len, e) < 0)
			return -1;
	}
	return r->end(f, e);
}

static void stop(struct follow *f)
{
	(void)pthread_mutex_lock(&f->lock);
	f->stop = 1;
	(void)pthread_cond_broadcast(&f->moved);
	(void)pthread_mutex_unlock(&f->lock);
}

static void *thread_main(void *arg)
{
	struct follow_reader *r = arg;

	unsigned char *block = malloc(STEP);

	r->rc = block == NULL ? err_nomem(&r->err) : run(r, block, &r->err);
	free(block);
	if (r->rc < 0)
		stop(r->follow);
	return NULL;
}

/* ---- the caller's side ---- */

int follow_start(struct follow *f, int fd, uint64_t size, _Bool exact,
                 const char *spill_dir, struct err *e)
{
	/* The image first: what it says is worth more. */
	f->readers[0] = (struct follow_reader){ .follow = f,
		.feed = feed_image, .end = end_image };
	f->readers[1] = (struct follow_reader){ .follow = f,
		.feed = feed_digest, .end = end_digest };
	f->fd = fd;
	f->end = size;
	if (digest_init(&f->digest, e) < 0 ||
	    image_open(&f->image, size, exact, spill_dir, e) < 0)
		return -1;
	for (size_t i = 0; i < FOLLOW_THREADS; i++) {
		struct follow_reader *r = &f->readers[i];

		errno = pthread_create(&r->thread, NULL, thread_main, r);
		if (errno != 0)
			return err_sys(e, "cannot start a thread");
		r->running = 1;
	}
	return 0;
}

_Bool follow_wrote(struct follow *f, uint64_t upto)
{
	_Bool go;

	(void)pthread_mutex_lock(&f->lock);
	f->written = upto;
	go = !f->stop;
	(void)pthread_cond_broadcast(&f->moved);
	(void)pthread_mutex_unlock(&f->lock);
	return go;
}

static void join(struct follow *f)
{
	for (size_t i = 0; i < FOLLOW_THREADS; i++)
		if (f->readers[i].running) {
			(void)pthread_join(f->readers[i].thread, NULL);
			f->readers[i].running = 0;
		}
}

int follow_finish(struct follow *f, struct err *e)
{
	const struct follow_reader *first = NULL;

	join(f);
	/* One that failed stops the other, which then only says so. */
	for (size_t i = 0; i < FOLLOW_THREADS; i++)
		if (f->readers[i].rc < 0 &&
		    (first == NULL || first->err.kind == ERR_STOPPED))
			first = &f->readers[i];
	if (first == NULL)
		return 0;
	*e = first->err;
	return -1;
}

void follow_close(struct follow *f)
{
	stop(f);
	join(f);
	digest_clear(&f->digest);
	image_close(&f->image);
}
