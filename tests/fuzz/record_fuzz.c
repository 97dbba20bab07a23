/* Whatever the bytes are: our decoder of KeyValue stays within them, agrees
 * with protobuf-c's about every message that both take, and takes whatever
 * protobuf-c writes; a revision that is one prints as the same bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "etcd/rpc.pb-c.h"
#include "mvcc/record.h"
#include "mvcc/revision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(_Bool fact)
{
	if (!fact)
		abort();
}

static _Bool same(const unsigned char *a, size_t n,
                  const ProtobufCBinaryData *b)
{
	return n == b->len && (n == 0 || memcmp(a, b->data, n) == 0);
}

static void agree(const struct record *r, const Etcd__KeyValue *kv)
{
	require(same(r->key, r->key_len, &kv->key));
	require(same(r->value, r->value_len, &kv->value));
	require(r->create_revision == kv->create_revision);
	require(r->mod_revision == kv->mod_revision);
	require(r->version == kv->version && r->lease == kv->lease);
}

static void within(const unsigned char *p, size_t n, const uint8_t *data,
                   size_t size)
{
	require(p >= data && n <= size && p + n <= data + size);
}

/* What the other decoder made of it, written anew, is fine with ours.  Unknown
 * fields it keeps and writes as they came, flaws included: not those. */
static void rewrite(const Etcd__KeyValue *kv)
{
	size_t n = etcd__key_value__get_packed_size(kv);
	uint8_t *p;
	struct record r;

	if (kv->base.n_unknown_fields > 0)
		return;
	p = malloc(n > 0 ? n : 1);
	require(p != NULL && etcd__key_value__pack(kv, p) == n);
	require(record_parse(&r, p, n));
	agree(&r, kv);
	free(p);
}

static void decode(const uint8_t *data, size_t size)
{
	Etcd__KeyValue *kv = etcd__key_value__unpack(NULL, size, data);
	struct record r = { .key_len = 77 };
	_Bool ok = record_parse(&r, data, size);

	if (ok) {
		within(r.key, r.key_len, data, size);
		within(r.value, r.value_len, data, size);
	} else {
		require(r.key_len == 77);
	}
	if (ok && kv != NULL)
		agree(&r, kv);
	if (kv != NULL) {
		rewrite(kv);
		etcd__key_value__free_unpacked(kv, NULL);
	}
}

static void walk_fields(const uint8_t *data, size_t size)
{
	const unsigned char *at = data, *end = data + size, *before = data;
	struct record_field f;
	struct record_lease l;

	while (record_field(&f, &at, end)) {
		require(at > before && at <= end && f.number != 0);
		before = at;
	}
	(void)record_parse_lease(&l, data, size);
}

static void read_revision(const uint8_t *data, size_t size)
{
	unsigned char back[REVISION_TOMBSTONE_BYTES];
	struct revision r;

	if (!revision_parse(&r, data, size))
		return;
	require(revision_format(&r, back) == size);
	require(memcmp(back, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode(data, size);
	walk_fields(data, size);
	read_revision(data, size);
	return 0;
}
