#include "mvcc/record.h"

#include "bolt/bytes.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static _Bool read_varint(uint64_t *out, const unsigned char **at,
                         const unsigned char *end)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		unsigned char c = *(*at)++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*out = v;
			return shift < 63 || c <= 1;
		}
	}
	return 0;
}

static _Bool take(struct record_field *f, const unsigned char **at,
                  const unsigned char *end, uint64_t len)
{
	if (len > (uint64_t)(end - *at))
		return 0;
	f->data = *at;
	f->len = (size_t)len;
	*at += len;
	return 1;
}

_Bool record_field(struct record_field *f, const unsigned char **at,
                   const unsigned char *end)
{
	uint64_t tag, len;

	if (*at == end || !read_varint(&tag, at, end) || tag >> 3 == 0 ||
	    tag >> 3 > UINT32_MAX >> 3)
		return 0;
	f->number = (uint32_t)(tag >> 3);
	f->type = (uint32_t)(tag & 7);
	switch (f->type) {
	case VARINT:
		return read_varint(&f->varint, at, end);
	case BYTES:
		return read_varint(&len, at, end) && take(f, at, end, len);
	case FIXED64:
		if (!take(f, at, end, 8))
			return 0;
		f->varint = bytes_le64(f->data);
		return 1;
	case FIXED32:
		if (!take(f, at, end, 4))
			return 0;
		f->varint = bytes_le32(f->data);
		return 1;
	default:
		return 0;
	}
}

static _Bool put_varint(const struct record_field *f, int64_t *slot)
{
	if (f->type != VARINT)
		return 0;
	*slot = (int64_t)f->varint;
	return 1;
}

static _Bool put_bytes(const struct record_field *f, const unsigned char **data,
                       size_t *len)
{
	if (f->type != BYTES)
		return 0;
	*data = f->data;
	*len = f->len;
	return 1;
}

static _Bool record_put(struct record *r, const struct record_field *f)
{
	switch (f->number) {
	case 1:
		return put_bytes(f, &r->key, &r->key_len);
	case 2:
		return put_varint(f, &r->create_revision);
	case 3:
		return put_varint(f, &r->mod_revision);
	case 4:
		return put_varint(f, &r->version);
	case 5:
		return put_bytes(f, &r->value, &r->value_len);
	case 6:
		return put_varint(f, &r->lease);
	default:
		return 1;
	}
}

_Bool record_parse(struct record *r, const void *data, size_t len)
{
	const unsigned char *at = data, *end = at + len;
	struct record_field f;
	struct record got = { .key = at, .value = at };

	while (at < end)
		if (!record_field(&f, &at, end) || !record_put(&got, &f))
			return 0;
	*r = got;
	return 1;
}

_Bool record_parse_lease(struct record_lease *l, const void *data, size_t len)
{
	const unsigned char *at = data, *end = at + len;
	struct record_field f;
	struct record_lease got = { 0 };

	while (at < end) {
		_Bool ok = record_field(&f, &at, end);

		if (ok && f.number == 1)
			ok = put_varint(&f, &got.id);
		else if (ok && f.number == 2)
			ok = put_varint(&f, &got.ttl);
		else if (ok && f.number == 3)
			ok = put_varint(&f, &got.remaining_ttl);
		if (!ok)
			return 0;
	}
	*l = got;
	return 1;
}
