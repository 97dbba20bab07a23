#include "raft/message.h"

#include "bolt/bytes.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static void put_varint(struct buf *b, uint64_t v)
{
	unsigned char out[10];
	size_t n = 0;

	while (v > 127) {
		out[n++] = (unsigned char)(v | 128);
		v >>= 7;
	}
	out[n++] = (unsigned char)v;
	buf_append(b, out, n);
}

void message_u64(struct buf *b, unsigned field, uint64_t value)
{
	put_varint(b, (uint64_t)field << 3 | VARINT);
	put_varint(b, value);
}

void message_bytes(struct buf *b, unsigned field, const void *data, size_t len)
{
	put_varint(b, (uint64_t)field << 3 | BYTES);
	put_varint(b, len);
	buf_append(b, data, len);
}

void message_conf_state(struct buf *b, const uint64_t *voters, size_t n)
{
	for (size_t i = 0; i < n; i++)
		message_u64(b, 1, voters[i]);
	message_u64(b, 5, 0);           /* auto_leave */
}

static _Bool read_varint(uint64_t *out, const unsigned char **at,
                         const unsigned char *end)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char c = *(*at)++;

		v |= (uint64_t)(c & 127) << shift;
		if (c < 128) {
			*out = v;
			return 1;
		}
	}
	return 0;
}

static _Bool read_bytes(struct message_field *f, uint64_t len,
                        const unsigned char **at, const unsigned char *end)
{
	if (len > (uint64_t)(end - *at))
		return 0;
	f->data = *at;
	f->len = (size_t)len;
	*at += len;
	return 1;
}

_Bool message_next(struct message_field *f, const unsigned char **at,
                   const unsigned char *end)
{
	struct message_field got = { .data = NULL };
	uint64_t tag, len;

	if (*at == end || !read_varint(&tag, at, end) || tag >> 3 == 0 ||
	    tag > UINT32_MAX)
		return 0;
	got.number = (uint32_t)(tag >> 3);
	got.type = (uint32_t)(tag & 7);
	if (got.type == VARINT) {
		if (!read_varint(&got.value, at, end))
			return 0;
	} else if (got.type == BYTES) {
		if (!read_varint(&len, at, end) ||
		    !read_bytes(&got, len, at, end))
			return 0;
	} else if (got.type == FIXED64 || got.type == FIXED32) {
		if (!read_bytes(&got, got.type == FIXED64 ? 8 : 4, at, end))
			return 0;
	} else {
		return 0;
	}
	*f = got;
	return 1;
}
