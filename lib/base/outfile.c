#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HINT_STEP = 8 << 20,
	DIRECT = 256 << 10,             /* not worth a copy to the buffer */
};

int outfile_open(struct outfile *o, int fd, uint64_t at, const char *name,
                 struct err *e)
{
	*o = (struct outfile)OUTFILE_INIT;
	o->buffer = malloc(OUTFILE_BUFFER);
	if (o->buffer == NULL)
		return err_nomem(e);
	o->fd = fd;
	o->name = name;
	o->size = o->hinted = at;
	return 0;
}

static int write_at(const struct outfile *o, uint64_t at, const void *data,
                    size_t len, struct err *e)
{
	for (const char *p = data; len > 0; ) {
		ssize_t n = pwrite(o->fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write '%s'", o->name);
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* A hint only: its failure shows again in fsync, where it counts. */
static void hint(struct outfile *o, uint64_t written)
{
	if (o->lazy || written < o->hinted + HINT_STEP)
		return;
	(void)sync_file_range(o->fd, (off_t)o->hinted,
	                      (off_t)(written - o->hinted),
	                      SYNC_FILE_RANGE_WRITE);
	o->hinted = written;
}

int outfile_flush(struct outfile *o, struct err *e)
{
	if (o->used > 0 && write_at(o, o->size - o->used, o->buffer, o->used,
	                            e) < 0)
		return -1;
	o->used = 0;
	hint(o, o->size);
	return 0;
}

int outfile_append(struct outfile *o, const void *data, size_t len,
                   struct err *e)
{
	if (len > OUTFILE_BUFFER - o->used && outfile_flush(o, e) < 0)
		return -1;
	if (len >= OUTFILE_BUFFER || (o->used == 0 && len >= DIRECT)) {
		if (write_at(o, o->size, data, len, e) < 0)
			return -1;
		o->size += len;
		hint(o, o->size);
		return 0;
	}
	if (len > 0)
		(void)memcpy(o->buffer + o->used, data, len);
	o->used += len;
	o->size += len;
	return 0;
}

int outfile_zeros(struct outfile *o, uint64_t len, struct err *e)
{
	static const unsigned char zeros[4096];

	while (len > 0) {
		size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);

		if (outfile_append(o, zeros, n, e) < 0)
			return -1;
		len -= n;
	}
	return 0;
}

int outfile_put_at(struct outfile *o, uint64_t at, const void *data, size_t len,
                   struct err *e)
{
	if (outfile_flush(o, e) < 0)
		return -1;
	return write_at(o, at, data, len, e);
}

int outfile_sync(struct outfile *o, struct err *e)
{
	if (outfile_flush(o, e) < 0)
		return -1;
	if (fsync(o->fd) < 0)
		return err_sys(e, "cannot sync '%s'", o->name);
	return 0;
}

void outfile_close(struct outfile *o)
{
	free(o->buffer);
	*o = (struct outfile)OUTFILE_INIT;
}
