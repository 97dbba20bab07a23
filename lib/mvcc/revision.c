#include "mvcc/revision.h"

#include "bolt/bytes.h"

_Bool revision_parse(struct revision *r, const void *key, size_t len)
{
	const unsigned char *k = key;

	if (len != REVISION_BYTES && len != REVISION_TOMBSTONE_BYTES)
		return 0;
	if (k[8] != '_' || (len == REVISION_TOMBSTONE_BYTES && k[17] != 't'))
		return 0;
	r->main = bytes_be64(k);
	r->sub = bytes_be64(k + 9);
	r->tombstone = len == REVISION_TOMBSTONE_BYTES;
	return r->main <= INT64_MAX && r->sub <= INT64_MAX;
}

size_t revision_format(const struct revision *r, void *out)
{
	unsigned char *k = out;

	bytes_put_be64(k, r->main);
	k[8] = '_';
	bytes_put_be64(k + 9, r->sub);
	k[17] = 't';
	return r->tombstone ? REVISION_TOMBSTONE_BYTES : REVISION_BYTES;
}
