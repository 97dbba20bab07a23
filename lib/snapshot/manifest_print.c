#include "snapshot/manifest_print.h"

#include "base/jsonout.h"

#define X(name, word) word,
static const char *const verdicts[] = { MANIFEST_VERDICTS(X) };
static const char *const matches[] = { MANIFEST_MATCHES(X) };
static const char *const results[] = { MANIFEST_RESULTS(X) };
static const char *const triggers[] = { MANIFEST_TRIGGERS(X) };
#undef X

static void print_head(struct jsonout *o, const struct manifest *m)
{
	jsonout_u64(o, "schema", MANIFEST_SCHEMA);
	jsonout_str(o, "name", m->name);
	jsonout_str(o, "verdict", verdicts[m->verdict]);
	jsonout_str(o, "trigger", triggers[m->trigger]);
	jsonout_str(o, "lifeboat", m->lifeboat);
	jsonout_str(o, "host", m->host);
	jsonout_str(o, "node", m->node);
	jsonout_str(o, "started", m->started);
	jsonout_str(o, "finished", m->finished);
	jsonout_u64(o, "durationMs", m->duration_ms);
}

static void print_etcd(struct jsonout *o, const struct manifest *m)
{
	jsonout_object(o, "etcd");
	jsonout_hex(o, "clusterId", m->cluster_id);
	jsonout_hex(o, "memberId", m->member_id);
	jsonout_str(o, "memberName", m->member_name);
	jsonout_str(o, "serverVersion", m->server_version);
	jsonout_str(o, "clusterVersion", m->cluster_version);
	jsonout_str(o, "storageVersion", m->storage_version);
	jsonout_list(o, "endpoints");
	for (size_t i = 0; i < m->endpoint_count; i++)
		jsonout_str(o, NULL, m->endpoints[i]);
	jsonout_end(o);
	jsonout_end(o);
}

static void print_database(struct jsonout *o, const struct manifest *m)
{
	jsonout_object(o, "database");
	jsonout_u64(o, "revision", m->revision);
	jsonout_i64(o, "compactRevision", m->compact_revision);
	jsonout_u64(o, "raftIndex", m->raft_index);
	jsonout_u64(o, "raftTerm", m->raft_term);
	jsonout_u64(o, "totalKeys", m->total_keys);
	jsonout_u64(o, "liveKeys", m->live_keys);
	jsonout_u64(o, "imageSize", m->image_size);
	jsonout_fmt(o, "statusHash", "%08x", m->status_hash);
	jsonout_list(o, "buckets");
	for (size_t i = 0; i < m->bucket_count; i++) {
		jsonout_object(o, NULL);
		jsonout_str(o, "name", m->buckets[i].name);
		jsonout_u64(o, "keys", m->buckets[i].keys);
		jsonout_end(o);
	}
	jsonout_end(o);
	jsonout_end(o);
}

static void print_members(struct jsonout *o, const struct manifest *m)
{
	jsonout_object(o, "hashKv");
	jsonout_u64(o, "revision", m->hash_revision);
	jsonout_i64(o, "compactRevision", m->hash_compact_revision);
	jsonout_u64(o, "hash", m->hash);
	jsonout_end(o);
	jsonout_list(o, "members");
	for (size_t i = 0; i < m->member_count; i++) {
		const struct manifest_member *p = &m->members[i];

		jsonout_object(o, NULL);
		jsonout_hex(o, "id", p->id);
		jsonout_str(o, "name", p->name);
		jsonout_str(o, "endpoint", p->endpoint);
		jsonout_str(o, "result", matches[p->result]);
		jsonout_u64(o, "hash", p->hash);
		jsonout_i64(o, "compactRevision", p->compact_revision);
		jsonout_str(o, "reason", p->reason);
		jsonout_end(o);
	}
	jsonout_end(o);
}

static void print_proof(struct jsonout *o, const struct manifest *m)
{
	char hex[DIGEST_HEX + 1];

	jsonout_list(o, "parts");
	for (size_t i = 0; i < m->part_count; i++) {
		jsonout_object(o, NULL);
		jsonout_str(o, "name", m->parts[i].name);
		jsonout_u64(o, "size", m->parts[i].size);
		digest_hex(m->parts[i].sha256, DIGEST_LEN, hex);
		jsonout_str(o, "sha256", hex);
		jsonout_end(o);
	}
	jsonout_end(o);
	jsonout_list(o, "checks");
	for (size_t i = 0; i < m->check_count; i++) {
		jsonout_object(o, NULL);
		jsonout_str(o, "name", m->checks[i].name);
		jsonout_str(o, "result", results[m->checks[i].result]);
		jsonout_str(o, "note", m->checks[i].note);
		jsonout_end(o);
	}
	jsonout_end(o);
	jsonout_list(o, "warnings");
	for (size_t i = 0; i < m->warning_count; i++)
		jsonout_str(o, NULL, m->warnings[i]);
	jsonout_end(o);
}

int manifest_print(const struct manifest *m, struct buf *b, struct err *e)
{
	struct jsonout o = JSONOUT_INIT(b, 1);

	if (m->failed)
		return err_set(e, ERR_SYS, "a manifest holds more than it can, "
		               "or out of memory");
	jsonout_object(&o, NULL);
	print_head(&o, m);
	print_etcd(&o, m);
	print_database(&o, m);
	print_members(&o, m);
	print_proof(&o, m);
	jsonout_end(&o);
	return buf_check(b, e);
}
