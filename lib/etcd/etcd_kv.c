#include "etcd/etcd_kv.h"

#include <stdlib.h>
#include <string.h>

#include "etcd/rpc.pb-c.h"

enum { PAGE = 1000 };

static ProtobufCBinaryData binary(struct etcd_kv_bytes b)
{
	/* protobuf-c has no const; packing does not write. */
	return (ProtobufCBinaryData){ b.len, (uint8_t *)(uintptr_t)b.data };
}

static struct etcd_kv_bytes bytes(ProtobufCBinaryData b)
{
	return (struct etcd_kv_bytes){ b.data, b.len };
}

struct etcd_kv_bytes etcd_kv_prefix_end(struct etcd_kv_bytes prefix, void *to)
{
	unsigned char *end = to;
	size_t n = prefix.len;

	if (n > 0)
		(void)memcpy(end, prefix.data, n);
	while (n > 0 && end[n - 1] == 0xff)
		n--;
	if (n == 0) {
		end[0] = 0;
		return (struct etcd_kv_bytes){ end, 1 };
	}
	end[n - 1]++;
	return (struct etcd_kv_bytes){ end, n };
}

/* ---- ranges ---- */

/* A range on its way: the request moves on from page to page. */
struct walk {
	Etcd__RangeRequest m;
	struct buf next;                /* where the next page begins */
	struct etcd_kv_range_info info;
	_Bool more;
	int (*on_pair)(void *arg, const struct etcd_kv_pair *pair,
	               struct err *e);
	void *arg;
};

static int give_pairs(struct walk *w, const Etcd__RangeResponse *r,
                      struct err *e)
{
	for (size_t i = 0; w->on_pair != NULL && i < r->n_kvs; i++) {
		const Etcd__KeyValue *kv = r->kvs[i];
		struct etcd_kv_pair pair = {
			bytes(kv->key), bytes(kv->value), kv->create_revision,
			kv->mod_revision, kv->version, kv->lease
		};

		if (w->on_pair(w->arg, &pair, e) < 0)
			return -1;
	}
	return 0;
}

/* The next page begins right behind the last key, at the same revision. */
static int move_on(struct walk *w, const Etcd__RangeResponse *r, struct err *e)
{
	const ProtobufCBinaryData *last;

	w->more = r->more;
	if (!r->more)
		return 0;
	if (r->n_kvs == 0 || w->m.revision < 0)
		return etcd_client_undecodable("Range", e);
	last = &r->kvs[r->n_kvs - 1]->key;
	buf_clear(&w->next);
	buf_append(&w->next, last->data, last->len);
	buf_append(&w->next, "", 1);
	w->m.key.data = (uint8_t *)w->next.data;
	w->m.key.len = w->next.len;
	return buf_check(&w->next, e);
}

static int take_page(struct walk *w, const struct buf *b, struct err *e)
{
	Etcd__RangeResponse *r = etcd__range_response__unpack(
		NULL, b->len, (const uint8_t *)b->data);
	int rc = -1;

	if (r == NULL || r->header == NULL || r->count < 0) {
		(void)etcd_client_undecodable("Range", e);
		goto out;
	}
	if (w->info.revision == 0) {
		if (w->m.revision == 0)
			w->m.revision = r->header->revision;
		w->info.revision = w->m.revision;
		w->info.count = (uint64_t)r->count;
	}
	if (give_pairs(w, r, e) < 0 || move_on(w, r, e) < 0)
		goto out;
	rc = 0;
out:
	etcd__range_response__free_unpacked(r, NULL);
	return rc;
}

static int walk(struct etcd_client *c, struct walk *w, struct err *e)
{
	struct etcd_client_rpc rpc = { .method = "KV/Range",
		.request = &w->m.base, .idempotent = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc;

	do {
		rc = etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, &reply, e);
		if (rc < 0 && etcd_client_too_long(c) && w->m.limit > 1) {
			w->m.limit = w->m.limit / 8 + 1;
			w->more = 1;
			rc = 0;
			continue;
		}
		if (rc == 0)
			rc = take_page(w, &reply, e);
	} while (rc == 0 && w->more);
	buf_close(&reply);
	return rc;
}

int etcd_kv_range(struct etcd_client *c, const struct etcd_kv_range *range,
                  int (*on_pair)(void *arg, const struct etcd_kv_pair *pair,
                                 struct err *e),
                  void *arg, struct etcd_kv_range_info *out, struct err *e)
{
	struct walk w = { .m = ETCD__RANGE_REQUEST__INIT,
		.next = BUF_INIT(BUF_MAX_RPC), .on_pair = on_pair, .arg = arg };
	int rc;

	w.m.key = binary(range->key);
	w.m.range_end = binary(range->end);
	w.m.revision = range->revision;
	w.m.keys_only = range->keys_only;
	w.m.serializable = range->serializable;
	w.m.limit = range->page != 0 ? range->page : PAGE;
	w.m.count_only = on_pair == NULL;
	rc = walk(c, &w, e);
	if (rc == 0 && out != NULL)
		*out = w.info;
	buf_close(&w.next);
	return rc;
}

/* ---- writing ---- */

static int revision_of(const struct buf *b, int64_t *out, const char *method,
                       struct err *e)
{
	Etcd__HeaderOnly *r = etcd__header_only__unpack(
		NULL, b->len, (const uint8_t *)b->data);
	int rc = 0;

	if (r == NULL || r->header == NULL)
		rc = etcd_client_undecodable(method, e);
	else if (out != NULL)
		*out = r->header->revision;
	etcd__header_only__free_unpacked(r, NULL);
	return rc;
}

/* A call that writes and answers with the new revision. */
static int write_call(struct etcd_client *c, const struct etcd_client_rpc *rpc,
                      int64_t *out_revision, struct err *e)
{
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc = etcd_client_call(c, ETCD_CLIENT_ANY, rpc, &reply, e);

	if (rc == 0)
		rc = revision_of(&reply, out_revision, rpc->method, e);
	buf_close(&reply);
	return rc;
}

int etcd_kv_put(struct etcd_client *c, struct etcd_kv_bytes key,
                struct etcd_kv_bytes value, int64_t *out_revision,
                struct err *e)
{
	Etcd__PutRequest m = ETCD__PUT_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "KV/Put",
		.request = &m.base };

	m.key = binary(key);
	m.value = binary(value);
	return write_call(c, &rpc, out_revision, e);
}

int etcd_kv_put_all(struct etcd_client *c, const struct etcd_kv_pair *pairs,
                    size_t n, int64_t *out_revision, struct err *e)
{
	Etcd__TxnRequest m = ETCD__TXN_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "KV/Txn",
		.request = &m.base };
	Etcd__PutRequest puts[ETCD_KV_TXN_MAX];
	Etcd__RequestOp ops[ETCD_KV_TXN_MAX], *list[ETCD_KV_TXN_MAX];

	if (n > ETCD_KV_TXN_MAX)
		return err_set(e, ERR_USAGE,
		               "%zu operations are more than the %d of a "
		               "transaction", n, ETCD_KV_TXN_MAX);
	for (size_t i = 0; i < n; i++) {
		etcd__put_request__init(&puts[i]);
		puts[i].key = binary(pairs[i].key);
		puts[i].value = binary(pairs[i].value);
		etcd__request_op__init(&ops[i]);
		ops[i].request_case = ETCD__REQUEST_OP__REQUEST_PUT;
		ops[i].put = &puts[i];
		list[i] = &ops[i];
	}
	m.n_success = n;
	m.success = list;
	return write_call(c, &rpc, out_revision, e);
}

int etcd_kv_delete(struct etcd_client *c, struct etcd_kv_bytes key,
                   struct etcd_kv_bytes end, uint64_t *out_deleted,
                   struct err *e)
{
	Etcd__DeleteRangeRequest m = ETCD__DELETE_RANGE_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "KV/DeleteRange",
		.request = &m.base };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	Etcd__DeleteRangeResponse *r = NULL;
	int rc;

	m.key = binary(key);
	m.range_end = binary(end);
	rc = etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, &reply, e);
	if (rc == 0) {
		r = etcd__delete_range_response__unpack(
			NULL, reply.len, (const uint8_t *)reply.data);
		if (r == NULL || r->deleted < 0)
			rc = etcd_client_undecodable("DeleteRange", e);
		else if (out_deleted != NULL)
			*out_deleted = (uint64_t)r->deleted;
	}
	etcd__delete_range_response__free_unpacked(r, NULL);
	buf_close(&reply);
	return rc;
}

int etcd_kv_compact(struct etcd_client *c, int64_t revision, struct err *e)
{
	Etcd__CompactionRequest m = ETCD__COMPACTION_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "KV/Compact",
		.request = &m.base, .slow = 1 };

	m.revision = revision;
	m.physical = 1;
	return write_call(c, &rpc, NULL, e);
}
