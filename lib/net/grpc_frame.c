#include "net/grpc_frame.h"

#include <string.h>

void grpc_frame_init(struct grpc_frame *f, const struct grpc_frame_sink *sink,
                     size_t max)
{
	*f = (struct grpc_frame){ .sink = sink, .max = max };
}

void grpc_frame_head(unsigned char head[GRPC_FRAME_HEAD], uint32_t len)
{
	head[0] = 0;
	head[1] = (unsigned char)(len >> 24);
	head[2] = (unsigned char)(len >> 16);
	head[3] = (unsigned char)(len >> 8);
	head[4] = (unsigned char)len;
}

/* `rc` is what a call of the sink returned. */
static int from_sink(struct grpc_frame *f, int rc)
{
	f->sink_failed = rc < 0;
	return rc;
}

static int end_message(struct grpc_frame *f, struct err *e)
{
	f->have = 0;
	f->messages++;
	return from_sink(f, f->sink->end(f->sink->arg, e));
}

static int begin_message(struct grpc_frame *f, struct err *e)
{
	const unsigned char *h = f->head;
	uint32_t len = (uint32_t)h[1] << 24 | (uint32_t)h[2] << 16 |
	               (uint32_t)h[3] << 8 | h[4];

	if (h[0] != 0)
		return err_set(e, ERR_REMOTE, h[0] == 1 ?
		               "the answer is compressed, which was not "
		               "asked for" : "the answer is not gRPC");
	if (len > f->max) {
		f->too_long = 1;
		return err_set(e, ERR_REMOTE, "a message of %lu bytes is "
		               "longer than the %zu that are allowed",
		               (unsigned long)len, f->max);
	}
	f->left = len;
	if (from_sink(f, f->sink->begin(f->sink->arg, len, e)) < 0)
		return -1;
	return len == 0 ? end_message(f, e) : 0;
}

int grpc_frame_feed(struct grpc_frame *f, const void *data, size_t len,
                    struct err *e)
{
	const unsigned char *p = data;
	size_t n;

	while (len > 0) {
		if (f->have < GRPC_FRAME_HEAD) {
			f->head[f->have++] = *p++;
			len--;
			if (f->have == GRPC_FRAME_HEAD &&
			    begin_message(f, e) < 0)
				return -1;
			continue;
		}
		n = len < f->left ? len : f->left;
		if (from_sink(f, f->sink->bytes(f->sink->arg, p, n, e)) < 0)
			return -1;
		p += n;
		len -= n;
		f->left -= n;
		if (f->left == 0 && end_message(f, e) < 0)
			return -1;
	}
	return 0;
}

int grpc_frame_finish(const struct grpc_frame *f, struct err *e)
{
	if (f->have != 0)
		return err_set(e, ERR_REMOTE,
		               "the answer ended in the middle of a message");
	return 0;
}
