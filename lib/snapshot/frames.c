#include "snapshot/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <zstd.h>

enum {
	WINDOW_LOG = 21,                /* 2 MiB */
	JOB_SIZE = 512 << 10,           /* a worker's piece */
	OUT_SIZE = 128 << 10,
	IN_SIZE = 256 << 10,
	READ_OUT_SIZE = 256 << 10,
};

struct frames_out {
	ZSTD_CCtx *z;
	frames_put put;
	void *arg;
	_Bool open;                     /* a frame is under way */
	char out[OUT_SIZE];
};

struct frames_in {
	ZSTD_DCtx *z;
	int fd;
	uint64_t offset, left;
	_Bool inside;                   /* within a frame */
	ZSTD_inBuffer in;
	char raw[IN_SIZE];
	char out[READ_OUT_SIZE];
};

static int set(struct frames_out *f, ZSTD_cParameter p, int value,
               struct err *e)
{
	size_t rc = ZSTD_CCtx_setParameter(f->z, p, value);

	if (ZSTD_isError(rc))
		return err_set(e, ERR_SYS, "cannot set up zstd: %s",
		               ZSTD_getErrorName(rc));
	return 0;
}

/* The window that zstd takes by itself at this level, but not above ours:
 * asking for more than a level wants would slow the fast ones down. */
static int set_window(struct frames_out *f, int level, struct err *e)
{
	if (level < 4)
		return 0;               /* 2 MiB or less already */
	return set(f, ZSTD_c_windowLog, WINDOW_LOG, e);
}

int frames_out_new(struct frames_out **out, int level, unsigned workers,
                   frames_put put, void *arg, struct err *e)
{
	struct frames_out *f;

	if (level < FRAMES_LEVEL_MIN || level > FRAMES_LEVEL_MAX)
		return err_set(e, ERR_USAGE,
		               "compression level %d is not within %d to %d",
		               level, FRAMES_LEVEL_MIN, FRAMES_LEVEL_MAX);
	f = calloc(1, sizeof(*f));
	if (f == NULL || (f->z = ZSTD_createCCtx()) == NULL) {
		free(f);
		return err_nomem(e);
	}
	f->put = put;
	f->arg = arg;
	if (set(f, ZSTD_c_compressionLevel, level, e) < 0 ||
	    set(f, ZSTD_c_checksumFlag, 1, e) < 0 ||
	    set_window(f, level, e) < 0)
		goto fail;
	if (workers > 0 && (set(f, ZSTD_c_nbWorkers, 1, e) < 0 ||
	                    set(f, ZSTD_c_jobSize, JOB_SIZE, e) < 0))
		goto fail;
	*out = f;
	return 0;
fail:
	frames_out_free(f);
	return -1;
}

/* One call of the compressor; *left is what it says is still to come. */
static int step(struct frames_out *f, ZSTD_inBuffer *in, ZSTD_EndDirective how,
                size_t *left, struct err *e)
{
	ZSTD_outBuffer o = { .dst = f->out, .size = sizeof(f->out) };
	size_t rc = ZSTD_compressStream2(f->z, &o, in, how);

	if (ZSTD_isError(rc))
		return err_set(e, ERR_SYS, "cannot compress: %s",
		               ZSTD_getErrorName(rc));
	*left = rc;
	return o.pos > 0 ? f->put(f->arg, f->out, o.pos, e) : 0;
}

int frames_out_write(struct frames_out *f, const void *data, size_t len,
                     struct err *e)
{
	ZSTD_inBuffer in = { .src = data, .size = len };
	size_t left;

	if (len == 0)
		return 0;
	f->open = 1;
	while (in.pos < in.size)
		if (step(f, &in, ZSTD_e_continue, &left, e) < 0)
			return -1;
	return 0;
}

int frames_out_cut(struct frames_out *f, struct err *e)
{
	ZSTD_inBuffer in = { .src = NULL };
	size_t left = f->open ? 1 : 0;

	while (left > 0)
		if (step(f, &in, ZSTD_e_end, &left, e) < 0)
			return -1;
	f->open = 0;
	return 0;
}

size_t frames_out_memory(const struct frames_out *f)
{
	return sizeof(*f) + ZSTD_sizeof_CCtx(f->z);
}

void frames_out_free(struct frames_out *f)
{
	if (f == NULL)
		return;
	(void)ZSTD_freeCCtx(f->z);
	free(f);
}

int frames_in_new(struct frames_in **out, int fd, uint64_t offset,
                  uint64_t len, struct err *e)
{
	struct frames_in *f = calloc(1, sizeof(*f));

	if (f == NULL || (f->z = ZSTD_createDCtx()) == NULL) {
		free(f);
		return err_nomem(e);
	}
	f->fd = fd;
	f->offset = offset;
	f->left = len;
	f->in.src = f->raw;
	*out = f;
	return 0;
}

/* Refill the input; in.size is 0 at the end. */
static int refill(struct frames_in *f, struct err *e)
{
	size_t want = f->left < IN_SIZE ? (size_t)f->left : IN_SIZE;
	ssize_t n = 0;

	while (want > 0) {
		n = pread(f->fd, f->raw, want, (off_t)f->offset);
		if (n >= 0 || errno != EINTR)
			break;
	}
	if (n < 0)
		return err_sys(e, "cannot read the archive");
	f->in.pos = 0;
	f->in.size = (size_t)n;
	f->offset += (uint64_t)n;
	f->left -= (uint64_t)n;
	return 0;
}

int frames_in_fill(struct frames_in *f, void *to, size_t room, size_t *out_len,
                   struct err *e)
{
	ZSTD_outBuffer o = { .dst = to, .size = room };

	while (o.pos < o.size) {
		_Bool full;
		size_t rc, before = o.pos;

		if (f->in.pos == f->in.size && refill(f, e) < 0)
			return -1;
		full = f->in.size > 0;
		rc = ZSTD_decompressStream(f->z, &o, &f->in);
		if (ZSTD_isError(rc))
			return err_set(e, ERR_CORRUPT,
			               "compressed data is damaged: %s",
			               ZSTD_getErrorName(rc));
		/* 0: a frame is complete; with no input that says nothing. */
		if (full || o.pos > before)
			f->inside = rc != 0;
		else
			break;
	}
	if (o.pos == 0 && f->inside)
		return err_set(e, ERR_CORRUPT,
		               "compressed data ends early: cut off");
	*out_len = o.pos;
	return 0;
}

int frames_in_read(struct frames_in *f, const void **out_data, size_t *out_len,
                   struct err *e)
{
	*out_data = f->out;
	return frames_in_fill(f, f->out, sizeof(f->out), out_len, e);
}

void frames_in_free(struct frames_in *f)
{
	if (f == NULL)
		return;
	(void)ZSTD_freeDCtx(f->z);
	free(f);
}
