#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "base/jsonout.h"

void report_text(const struct data_dir_options *o,
                 const struct data_dir_report *r, struct buf *b)
{
	buf_printf(b, "data folder  %s\n", o->data_dir);
	if (o->wal_dir != NULL)
		buf_printf(b, "log folder   %s\n", o->wal_dir);
	buf_printf(b, "member       %s %" PRIx64 "\n", o->name, r->member_id);
	buf_printf(b, "cluster      %" PRIx64 ", %" PRIu64 " member%s\n",
	           r->cluster_id, r->members, r->members == 1 ? "" : "s");
	buf_printf(b, "token        %s\n", r->token);
	buf_printf(b, "revision     %" PRIu64, r->revision);
	if (r->revision != r->old_revision)
		buf_printf(b, ", ahead of the snapshot's %" PRIu64
		           ", which is marked compacted", r->old_revision);
	buf_printf(b, "\nkeys         %" PRIu64 "\n", r->keys);
	buf_printf(b, "hash-kv      %" PRIu32 "\n", r->hash_kv);
	buf_printf(b, "database     %" PRIu64 " bytes\n", r->size_bytes);
	buf_printf(b, "from         %s%s\n", r->form,
	           r->had_digest ? ", digest verified" : "");
	buf_printf(b, "time         %" PRIu64 ".%03" PRIu64 " s\n",
	           r->time_ms / 1000, r->time_ms % 1000);
}

static void put_warnings(struct jsonout *j, const struct buf *warnings)
{
	const char *at = warnings->len > 0 ? warnings->data : "", *end;

	jsonout_list(j, "warnings");
	for (; (end = strchr(at, '\n')) != NULL; at = end + 1)
		jsonout_fmt(j, NULL, "%.*s", (int)(end - at), at);
	jsonout_end(j);
}

void report_json(const struct data_dir_options *o,
                 const struct data_dir_report *r, struct buf *b)
{
	struct jsonout j = JSONOUT_INIT(b, 1);

	jsonout_object(&j, NULL);
	jsonout_str(&j, "data_dir", o->data_dir);
	jsonout_str(&j, "wal_dir", o->wal_dir);
	jsonout_str(&j, "name", o->name);
	jsonout_hex(&j, "member_id", r->member_id);
	jsonout_hex(&j, "cluster_id", r->cluster_id);
	jsonout_u64(&j, "members", r->members);
	jsonout_str(&j, "initial_cluster_token", r->token);
	jsonout_u64(&j, "snapshot_revision", r->old_revision);
	jsonout_u64(&j, "revision", r->revision);
	jsonout_i64(&j, "compact_revision", r->compact_revision);
	jsonout_u64(&j, "hash_kv", r->hash_kv);
	jsonout_u64(&j, "keys", r->keys);
	jsonout_u64(&j, "leases", r->leases);
	jsonout_u64(&j, "size_bytes", r->size_bytes);
	jsonout_str(&j, "form", r->form);
	jsonout_bool(&j, "digest_verified", r->had_digest);
	jsonout_str(&j, "storage_version", r->storage_version);
	jsonout_str(&j, "cluster_version", r->cluster_version);
	jsonout_u64(&j, "time_ms", r->time_ms);
	put_warnings(&j, &r->warnings);
	jsonout_end(&j);
	buf_puts(b, "\n");
}
