#include "snapshot/sink.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"

enum { READ_SIZE = 256 << 10 };

void sink_init(struct sink *s, const struct sink_ops *ops, struct stage *st)
{
	s->ops = ops;
	s->stage = st;
}

int sink_put(void *sink, const void *data, size_t len, struct err *e)
{
	struct sink *s = sink;

	s->crc = crc32c_update(s->crc, data, len);
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
	return 0;
}

/* Sum up the file's bytes, and see that there are `want` of them. */
static int sum_file(int fd, uint64_t want, uint32_t *crc, struct err *e)
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
		*crc = crc32c_update(*crc, data, (size_t)n);
		at += (uint64_t)n;
	}
	if (at == want)
		rc = 0;
	else
		(void)err_set(e, ERR_CORRUPT, "the file has %" PRIu64
		              " bytes, %" PRIu64 " were written", at, want);
out:
	free(data);
	return rc;
}

int sink_readback(struct sink *s, struct err *e)
{
	uint32_t crc = 0;

	assert(s->finished);
	if (sum_file(s->stage->fd, s->packed, &crc, e) < 0)
		return -1;
	if (crc != s->crc)
		return err_set(e, ERR_CORRUPT, "the file reads back different "
		               "from what was written");
	return 0;
}

void sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	s->ops->free(s);
}
