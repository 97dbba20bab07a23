/* Whatever the body of a Maintenance/Snapshot answer is, and in whatever pieces
 * it comes: what is handed on is never more than the announced size, a finished
 * stream has all of it and a whole digest, and how the body was cut changes
 * nothing. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "etcd/snapshot_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct image {
	struct buf data;
	uint64_t size;
	unsigned sizes;
};

struct outcome {
	struct image image;
	struct snapshot_stream stream;
	struct err err;
	int rc;
};

static void require(_Bool fact)
{
	if (!fact)
		abort();
}

static int on_size(void *arg, uint64_t image_bytes, struct err *e)
{
	struct image *im = arg;

	(void)e;
	require(++im->sizes == 1 && im->data.len == 0);
	require(image_bytes > 0 && image_bytes % 512 == 0);
	im->size = image_bytes;
	return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct err *e)
{
	struct image *im = arg;

	(void)e;
	require(im->sizes == 1 && len > 0);
	require(len <= im->size - im->data.len);
	buf_append(&im->data, data, len);
	return 0;
}

static void check(const struct outcome *o)
{
	const struct snapshot_stream *s = &o->stream;

	require(s->taken == o->image.data.len && !s->sink_failed);
	require(s->digest_len <= SNAPSHOT_STREAM_DIGEST);
	require(memchr(s->version, '\0', sizeof(s->version)) != NULL);
	require(s->sized == (o->image.sizes == 1));
	if (o->rc < 0)
		require(o->err.kind == ERR_REMOTE && o->err.text[0] != '\0');
	else
		require(s->taken == s->size &&
		        s->digest_len == SNAPSHOT_STREAM_DIGEST);
}

static void receive(struct outcome *o, const uint8_t *data, size_t size,
                    unsigned seed)
{
	const struct snapshot_stream_sink sink = {
		.size = on_size, .data = on_data, .arg = &o->image,
	};
	const struct grpc_frame_sink frames = {
		.begin = snapshot_stream_begin, .bytes = snapshot_stream_bytes,
		.end = snapshot_stream_end, .arg = &o->stream,
	};
	struct grpc_frame f;

	*o = (struct outcome){ .image.data = BUF_INIT(1 << 24),
	                       .err = ERR_INIT };
	snapshot_stream_init(&o->stream, &sink);
	grpc_frame_init(&f, &frames, SNAPSHOT_STREAM_MESSAGE_MAX);
	for (size_t at = 0, n; o->rc == 0 && at < size; at += n) {
		n = seed == 0 ? size : 1 + (seed >> 4) % 61;
		n = n < size - at ? n : size - at;
		seed = seed == 0 ? 0 : seed * 1103515245 + 12345;
		o->rc = grpc_frame_feed(&f, data + at, n, &o->err);
	}
	if (o->rc == 0)
		o->rc = grpc_frame_finish(&f, &o->err);
	if (o->rc == 0)
		o->rc = snapshot_stream_finish(&o->stream, &o->err);
	check(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome a, b;

	receive(&a, data, size, 0);
	receive(&b, data, size, (unsigned)size * 2654435761u + 1);
	require(a.rc == b.rc && strcmp(a.err.text, b.err.text) == 0);
	require(a.stream.size == b.stream.size);
	require(a.stream.taken == b.stream.taken);
	require(a.stream.digest_len == b.stream.digest_len);
	require(strcmp(a.stream.version, b.stream.version) == 0);
	require(memcmp(a.stream.digest, b.stream.digest,
	               a.stream.digest_len) == 0);
	require(a.image.data.len == 0 ||
	        memcmp(a.image.data.data, b.image.data.data,
	               a.image.data.len) == 0);
	buf_close(&a.image.data);
	buf_close(&b.image.data);
	return 0;
}
