/* Whatever the bytes are: cut into messages in pieces of any size they give the
 * same messages and the same words as in one piece, within the maximum; and as
 * a line of trailers they yield a status and a message that can be printed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "net/grpc_frame.h"
#include "net/grpc_status.h"
#include "net/http_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 600 };

/* What the sink was told, and in which state it is. */
struct heard {
	struct buf all;                 /* lengths and bytes of the messages */
	size_t want, got;
	_Bool open;
	uint64_t ended;
	struct err err;
	int rc;
};

static void require(_Bool fact)
{
	if (!fact)
		abort();
}

static int on_begin(void *arg, size_t len, struct err *e)
{
	struct heard *h = arg;

	(void)e;
	require(!h->open && len <= MESSAGE_MAX);
	h->open = 1;
	h->want = len;
	h->got = 0;
	buf_printf(&h->all, "[%zu]", len);
	return 0;
}

static int on_bytes(void *arg, const void *data, size_t len, struct err *e)
{
	struct heard *h = arg;

	(void)e;
	require(h->open && len > 0 && len <= h->want - h->got);
	h->got += len;
	buf_append(&h->all, data, len);
	return 0;
}

static int on_end(void *arg, struct err *e)
{
	struct heard *h = arg;

	(void)e;
	require(h->open && h->got == h->want);
	h->open = 0;
	h->ended++;
	return 0;
}

/* Feed in pieces whose sizes follow from `seed`; 0: in one piece. */
static void hear(struct heard *h, const uint8_t *data, size_t size,
                 unsigned seed)
{
	const struct grpc_frame_sink sink = {
		.begin = on_begin, .bytes = on_bytes, .end = on_end, .arg = h,
	};
	struct grpc_frame f;

	*h = (struct heard){ .all = BUF_INIT(1 << 24), .err = ERR_INIT };
	grpc_frame_init(&f, &sink, MESSAGE_MAX);
	for (size_t at = 0, n; h->rc == 0 && at < size; at += n) {
		n = seed == 0 ? size : 1 + (seed >> 4) % 13;
		n = n < size - at ? n : size - at;
		seed = seed == 0 ? 0 : seed * 1103515245 + 12345;
		h->rc = grpc_frame_feed(&f, data + at, n, &h->err);
	}
	if (h->rc == 0)
		h->rc = grpc_frame_finish(&f, &h->err);
	require(!f.sink_failed && f.messages == h->ended);
	require(h->rc == 0 ? !h->open : h->err.kind == ERR_REMOTE);
	require(!f.too_long || h->rc < 0);
}

static void cut(const uint8_t *data, size_t size)
{
	struct heard a, b;

	hear(&a, data, size, 0);
	hear(&b, data, size, (unsigned)size * 2654435761u + data[0] + 1);
	require(a.rc == b.rc && strcmp(a.err.text, b.err.text) == 0);
	require(a.ended == b.ended && a.all.len == b.all.len);
	require(a.all.len == 0 ||
	        memcmp(a.all.data, b.all.data, a.all.len) == 0);
	buf_close(&a.all);
	buf_close(&b.all);
}

static void read_trailer(const uint8_t *data, size_t size)
{
	struct http_header h;
	char text[HTTP_HEADER_MAX];
	int status;

	http_header_parse(&h, (const char *)data, size);
	status = grpc_status_parse(h.value);
	require(status >= 0 && grpc_status_word(status)[0] != '\0');
	(void)grpc_status_kind(status);
	(void)grpc_status_of_http(h.status);
	(void)strcpy(text, h.value);
	grpc_status_decode(text);
	require(strlen(text) <= strlen(h.value));
	for (size_t at = 0, n, len = strlen(text); at < len; at += n) {
		uint32_t c;

		n = utf8_decode(text + at, len - at, &c);
		require(n > 0 && !utf8_is_control(c));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	cut(data, size);
	read_trailer(data, size);
	return 0;
}
