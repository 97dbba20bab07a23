#include "base/beside.h"

#include <errno.h>
#include <stdlib.h>

static unsigned char *block_at(const struct beside *b, unsigned long n)
{
	return b->blocks + n % BESIDE_BLOCKS * BESIDE_BLOCK;
}

static void *thread_main(void *arg)
{
	struct beside *b = arg;
	unsigned long n = 0;

	(void)pthread_mutex_lock(&b->lock);
	for (;;) {
		while (b->given == n && !b->ended)
			(void)pthread_cond_wait(&b->moved, &b->lock);
		if (b->given == n)
			break;
		(void)pthread_mutex_unlock(&b->lock);
		digest_update(&b->digest, block_at(b, n),
		              b->lens[n % BESIDE_BLOCKS]);
		(void)pthread_mutex_lock(&b->lock);
		b->digested = ++n;
		(void)pthread_cond_signal(&b->moved);
	}
	(void)pthread_mutex_unlock(&b->lock);
	return NULL;
}

int beside_start(struct beside *b, struct err *e)
{
	b->blocks = malloc((size_t)BESIDE_BLOCKS * BESIDE_BLOCK);
	if (b->blocks == NULL)
		return err_nomem(e);
	if (digest_init(&b->digest, e) < 0)
		return -1;
	errno = pthread_create(&b->thread, NULL, thread_main, b);
	if (errno != 0)
		return err_sys(e, "cannot start a thread");
	b->running = 1;
	return 0;
}

unsigned char *beside_block(struct beside *b)
{
	(void)pthread_mutex_lock(&b->lock);
	while (b->given - b->digested == BESIDE_BLOCKS)
		(void)pthread_cond_wait(&b->moved, &b->lock);
	(void)pthread_mutex_unlock(&b->lock);
	return block_at(b, b->given);
}

void beside_give(struct beside *b, size_t len)
{
	(void)pthread_mutex_lock(&b->lock);
	b->lens[b->given % BESIDE_BLOCKS] = len;
	b->given++;
	(void)pthread_cond_signal(&b->moved);
	(void)pthread_mutex_unlock(&b->lock);
}

static void end(struct beside *b)
{
	if (!b->running)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->ended = 1;
	(void)pthread_cond_signal(&b->moved);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	b->running = 0;
}

int beside_finish(struct beside *b, unsigned char out[DIGEST_LEN],
                  struct err *e)
{
	end(b);
	return digest_final(&b->digest, out, e);
}

void beside_close(struct beside *b)
{
	end(b);
	digest_clear(&b->digest);
	free(b->blocks);
	b->blocks = NULL;
}
