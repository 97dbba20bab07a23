#include "snapshot/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct block {
	size_t len;
	char *data;
};

struct ahead {
	ahead_make make;
	void *arg;
	pthread_t thread;
	pthread_mutex_t mutex;          /* over what follows */
	pthread_cond_t changed;
	struct block blocks[AHEAD_BLOCKS];
	size_t made, used;              /* blocks ever; used <= made */
	_Bool holds;                    /* the caller has block used - 1 */
	_Bool ended, stop;
	int rc;                         /* of the maker, once ended */
	struct err err;
};

/* Is there a block that neither waits nor is held by the caller? */
static _Bool has_room(const struct ahead *a)
{
	return a->made - a->used + a->holds < AHEAD_BLOCKS;
}

static void *work(void *arg)
{
	struct ahead *a = arg;
	int rc = 0;
	size_t len = 1;

	while (rc == 0 && len > 0) {
		struct block *b = &a->blocks[a->made % AHEAD_BLOCKS];
		_Bool stop;

		(void)pthread_mutex_lock(&a->mutex);
		while (!a->stop && !has_room(a))
			(void)pthread_cond_wait(&a->changed, &a->mutex);
		stop = a->stop;
		(void)pthread_mutex_unlock(&a->mutex);
		if (stop)
			break;
		rc = a->make(a->arg, b->data, AHEAD_BLOCK, &len, &a->err);
		(void)pthread_mutex_lock(&a->mutex);
		b->len = len;
		if (rc == 0 && len > 0)
			a->made++;
		(void)pthread_cond_broadcast(&a->changed);
		(void)pthread_mutex_unlock(&a->mutex);
	}
	(void)pthread_mutex_lock(&a->mutex);
	a->rc = rc;
	a->ended = 1;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->mutex);
	return NULL;
}

static int start(struct ahead *a, struct err *e)
{
	sigset_t all, old;
	int rc;

	/* Signals are for the thread that asked. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&a->thread, NULL, work, a);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_sys(e, "cannot start a thread");
}

static void release(struct ahead *a)
{
	for (size_t i = 0; i < AHEAD_BLOCKS; i++)
		free(a->blocks[i].data);
	(void)pthread_mutex_destroy(&a->mutex);
	(void)pthread_cond_destroy(&a->changed);
	free(a);
}

int ahead_new(struct ahead **out, ahead_make make, void *arg, struct err *e)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_nomem(e);
	a->make = make;
	a->arg = arg;
	(void)pthread_mutex_init(&a->mutex, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	for (size_t i = 0; i < AHEAD_BLOCKS; i++)
		if ((a->blocks[i].data = malloc(AHEAD_BLOCK)) == NULL) {
			release(a);
			return err_nomem(e);
		}
	if (start(a, e) < 0) {
		release(a);
		return -1;
	}
	*out = a;
	return 0;
}

int ahead_next(struct ahead *a, const void **out_data, size_t *out_len,
               struct err *e)
{
	struct block *b = NULL;
	int rc = 0;

	(void)pthread_mutex_lock(&a->mutex);
	a->holds = 0;
	(void)pthread_cond_broadcast(&a->changed);
	while (a->used == a->made && !a->ended)
		(void)pthread_cond_wait(&a->changed, &a->mutex);
	if (a->used < a->made) {
		b = &a->blocks[a->used++ % AHEAD_BLOCKS];
		a->holds = 1;
	} else {
		rc = a->rc;
	}
	(void)pthread_mutex_unlock(&a->mutex);
	if (rc < 0) {
		*e = a->err;
		return -1;
	}
	*out_data = b == NULL ? "" : b->data;
	*out_len = b == NULL ? 0 : b->len;
	return 0;
}

void ahead_free(struct ahead *a)
{
	if (a == NULL)
		return;
	(void)pthread_mutex_lock(&a->mutex);
	a->stop = 1;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->mutex);
	(void)pthread_join(a->thread, NULL);
	release(a);
}
