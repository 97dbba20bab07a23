#include "snapshot/sink.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_SIZE = 256 << 10 };

int sink_init(struct sink *s, const struct sink_ops *ops, struct stage *st,
              struct err *e)
{
	s->ops = ops;
	s->stage = st;
	return digest_init(&s->digest, e);
}

int sink_put(void *sink, const void *data, size_t len, struct err *e)
{
	struct sink *s = sink;

	digest_update(&s->digest, data, len);
	s->packed += len;
	return stage_write(s->stage, data, len, e);
}

_Bool sink_takes(const struct sink *s, enum part_role role)
{
	return s->ops->takes(role);
}

int sink_begin(struct sink *s, const struct part *p, struct err *e)
{
	assert(!s->open && !s->finished && s->ops->takes(p->role));
	s->part = *p;
	s->left = p->size;
	s->open = 1;
	return s->ops->begin(s, &s->part, e);
}

int sink_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	assert(s->open);
	if (len > s->left)
		return err_set(e, ERR_CORRUPT, "more than the %" PRIu64
		               " bytes that were announced", s->part.size);
	s->left -= len;
	s->raw += len;
	return s->ops->write(s, data, len, e);
}

int sink_end(struct sink *s, struct err *e)
{
	assert(s->open);
	if (s->left > 0)
		return err_set(e, ERR_CORRUPT, "%" PRIu64 " of the %" PRIu64
		               " bytes that were announced are missing",
		               s->left, s->part.size);
	s->open = 0;
	return s->ops->end(s, &s->part, e);
}

int sink_whole(struct sink *s, enum part_role role, int64_t mtime,
               const void *data, size_t len, struct err *e)
{
	struct part p = { .role = role, .size = len, .mode = 0600,
	                  .mtime = mtime };

	if (sink_begin(s, &p, e) < 0 || sink_write(s, data, len, e) < 0)
		return -1;
	return sink_end(s, e);
}

int sink_finish(struct sink *s, const char *manifest, size_t len,
                struct err *e)
{
	assert(!s->open && !s->finished);
	if (s->ops->finish(s, manifest, len, e) < 0)
		return -1;
	s->finished = 1;
	return digest_final(&s->digest, s->sha256, e);
}

/* Digest the first `left` bytes of the file, and see that it ends there. */
static int digest_file(int fd, struct digest *d, uint64_t left, struct err *e)
{
	char *data = malloc(READ_SIZE);
	uint64_t at = 0;
	int rc = -1;

	if (data == NULL)
		return err_nomem(e);
	for (;;) {
		ssize_t n = pread(fd, data, READ_SIZE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			(void)err_sys(e, "cannot read the file back");
			goto out;
		}
		if (n == 0)
			break;
		digest_update(d, data, (size_t)n);
		at += (uint64_t)n;
	}
	if (at == left)
		rc = 0;
	else
		(void)err_set(e, ERR_CORRUPT, "the file has %" PRIu64
		              " bytes, %" PRIu64 " were written", at, left);
out:
	free(data);
	return rc;
}

int sink_readback(struct sink *s, struct err *e)
{
	struct digest d = DIGEST_INIT;
	unsigned char md[DIGEST_LEN];
	int rc = -1;

	assert(s->finished);
	if (digest_init(&d, e) < 0 ||
	    digest_file(s->stage->fd, &d, s->packed, e) < 0 ||
	    digest_final(&d, md, e) < 0)
		goto out;
	if (memcmp(md, s->sha256, DIGEST_LEN) != 0)
		(void)err_set(e, ERR_CORRUPT, "the file reads back different "
		              "from what was written");
	else
		rc = 0;
out:
	digest_clear(&d);
	return rc;
}

void sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	digest_clear(&s->digest);
	s->ops->free(s);
}
