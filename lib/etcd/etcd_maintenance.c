#include "etcd/etcd_maintenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd/rpc.pb-c.h"

/* Maintenance/Alarm's actions. */
enum { ALARM_GET = 0, ALARM_DEACTIVATE = 2 };

static uint64_t not_negative(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

/* ---- status ---- */

static void copy_version(char *out, const char *from)
{
	const size_t last = ETCD_MAINTENANCE_VERSION_MAX - 1;
	size_t i;

	for (i = 0; from[i] != '\0' && i < last; i++)
		out[i] = from[i] > ' ' && from[i] < 0x7f ? from[i] : '?';
	out[i] = '\0';
}

static int decode_status(const struct buf *b,
                         struct etcd_maintenance_status *out, struct err *e)
{
	Etcd__StatusResponse *r = etcd__status_response__unpack(
		NULL, b->len, (const uint8_t *)b->data);

	if (r == NULL || r->header == NULL) {
		etcd__status_response__free_unpacked(r, NULL);
		return etcd_client_undecodable("Status", e);
	}
	*out = (struct etcd_maintenance_status){
		.cluster_id = r->header->cluster_id,
		.member_id = r->header->member_id,
		.leader_id = r->leader,
		.revision = r->header->revision,
		.raft_term = r->raft_term,
		.raft_index = r->raft_index,
		.raft_applied = r->raft_applied_index,
		.db_size = not_negative(r->db_size),
		.db_in_use = not_negative(r->db_size_in_use),
		.db_quota = not_negative(r->db_size_quota),
		.learner = r->is_learner,
		.no_leader = r->leader == 0,
	};
	copy_version(out->version, r->version);
	copy_version(out->storage_version, r->storage_version);
	for (size_t i = 0; i < r->n_errors; i++) {
		out->no_space |= strstr(r->errors[i], "alarm:NOSPACE") != NULL;
		out->corrupt |= strstr(r->errors[i], "alarm:CORRUPT") != NULL;
	}
	etcd__status_response__free_unpacked(r, NULL);
	return 0;
}

int etcd_maintenance_status(struct etcd_client *c, size_t endpoint,
                            struct etcd_maintenance_status *out, struct err *e)
{
	Etcd__Empty m = ETCD__EMPTY__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Status",
		.request = &m.base, .idempotent = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc = etcd_client_call(c, endpoint, &rpc, &reply, e);

	if (rc == 0)
		rc = decode_status(&reply, out, e);
	buf_close(&reply);
	return rc;
}

void etcd_maintenance_status_all(
	struct etcd_client *c, struct etcd_maintenance_status_result *results)
{
	Etcd__Empty m = ETCD__EMPTY__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Status",
		.request = &m.base, .idempotent = 1 };
	struct etcd_client_answer answers[ETCD_CLIENT_ENDPOINTS_MAX];

	etcd_client_call_all(c, &rpc, answers);
	for (size_t i = 0; i < etcd_client_count(c); i++) {
		struct etcd_maintenance_status_result *r = &results[i];

		r->rc = answers[i].rc;
		r->err = answers[i].err;
		r->fault = answers[i].fault;
		if (r->rc == 0)
			r->rc = decode_status(&answers[i].reply, &r->status,
			                      &r->err);
		buf_close(&answers[i].reply);
	}
}

/* ---- hashes ---- */

static int decode_hash(const struct buf *b, struct etcd_maintenance_hash *out,
                       struct err *e)
{
	Etcd__HashKvResponse *r = etcd__hash_kv_response__unpack(
		NULL, b->len, (const uint8_t *)b->data);

	if (r == NULL || r->header == NULL) {
		etcd__hash_kv_response__free_unpacked(r, NULL);
		return etcd_client_undecodable("HashKV", e);
	}
	*out = (struct etcd_maintenance_hash){
		.member_id = r->header->member_id,
		.revision = r->header->revision,
		.compact_revision = r->compact_revision,
		.hash_revision = r->hash_revision,
		.hash = r->hash,
	};
	etcd__hash_kv_response__free_unpacked(r, NULL);
	return 0;
}

int etcd_maintenance_hash(struct etcd_client *c, size_t endpoint,
                          int64_t revision, struct etcd_maintenance_hash *out,
                          struct err *e)
{
	Etcd__HashKvRequest m = ETCD__HASH_KV_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/HashKV",
		.request = &m.base, .idempotent = 1, .slow = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc;

	m.revision = revision;
	rc = etcd_client_call(c, endpoint, &rpc, &reply, e);
	if (rc == 0)
		rc = decode_hash(&reply, out, e);
	buf_close(&reply);
	return rc;
}

void etcd_maintenance_hash_all(struct etcd_client *c, int64_t revision,
                               struct etcd_maintenance_hash_result *results)
{
	Etcd__HashKvRequest m = ETCD__HASH_KV_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/HashKV",
		.request = &m.base, .idempotent = 1, .slow = 1 };
	struct etcd_client_answer answers[ETCD_CLIENT_ENDPOINTS_MAX];

	m.revision = revision;
	etcd_client_call_all(c, &rpc, answers);
	for (size_t i = 0; i < etcd_client_count(c); i++) {
		struct etcd_maintenance_hash_result *r = &results[i];

		r->rc = answers[i].rc;
		r->err = answers[i].err;
		r->fault = answers[i].fault;
		if (r->rc == 0)
			r->rc = decode_hash(&answers[i].reply, &r->hash,
			                    &r->err);
		buf_close(&answers[i].reply);
	}
}

/* ---- alarms ---- */

static int decode_alarms(const struct buf *b,
                         struct etcd_maintenance_alarms *out, struct err *e)
{
	Etcd__AlarmResponse *r = etcd__alarm_response__unpack(
		NULL, b->len, (const uint8_t *)b->data);

	if (r == NULL || r->n_alarms > ETCD_MAINTENANCE_ALARMS_MAX) {
		etcd__alarm_response__free_unpacked(r, NULL);
		return etcd_client_undecodable("Alarm", e);
	}
	out->count = r->n_alarms;
	for (size_t i = 0; i < r->n_alarms; i++)
		out->list[i] = (struct etcd_maintenance_alarm){
			.member_id = r->alarms[i]->member_id,
			.type = r->alarms[i]->alarm,
		};
	etcd__alarm_response__free_unpacked(r, NULL);
	return 0;
}

int etcd_maintenance_alarms(struct etcd_client *c, size_t endpoint,
                            struct etcd_maintenance_alarms *out, struct err *e)
{
	Etcd__AlarmRequest m = ETCD__ALARM_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Alarm",
		.request = &m.base, .idempotent = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc;

	m.action = ALARM_GET;
	rc = etcd_client_call(c, endpoint, &rpc, &reply, e);
	if (rc == 0)
		rc = decode_alarms(&reply, out, e);
	buf_close(&reply);
	return rc;
}

int etcd_maintenance_disarm(struct etcd_client *c,
                            const struct etcd_maintenance_alarm *alarm,
                            struct err *e)
{
	Etcd__AlarmRequest m = ETCD__ALARM_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Alarm",
		.request = &m.base, .idempotent = 1 };

	m.action = ALARM_DEACTIVATE;
	m.member_id = alarm->member_id;
	m.alarm = alarm->type;
	return etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, NULL, e);
}

/* ---- the rest ---- */

int etcd_maintenance_defragment(struct etcd_client *c, size_t endpoint,
                                unsigned timeout_ms, struct err *e)
{
	Etcd__Empty m = ETCD__EMPTY__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Defragment",
		.request = &m.base, .total_ms = timeout_ms };

	return etcd_client_call(c, endpoint, &rpc, NULL, e);
}

int etcd_maintenance_move_leader(struct etcd_client *c, size_t endpoint,
                                 uint64_t to_member, struct err *e)
{
	Etcd__MoveLeaderRequest m = ETCD__MOVE_LEADER_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/MoveLeader",
		.request = &m.base };

	m.target_id = to_member;
	return etcd_client_call(c, endpoint, &rpc, NULL, e);
}

int etcd_maintenance_auth_enabled(struct etcd_client *c, _Bool *out_enabled,
                                  struct err *e)
{
	Etcd__Empty m = ETCD__EMPTY__INIT;
	struct etcd_client_rpc rpc = { .method = "Auth/AuthStatus",
		.request = &m.base, .idempotent = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	Etcd__AuthStatusResponse *r = NULL;
	int rc = etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, &reply, e);

	if (rc == 0) {
		r = etcd__auth_status_response__unpack(
			NULL, reply.len, (const uint8_t *)reply.data);
		if (r == NULL)
			rc = etcd_client_undecodable("AuthStatus", e);
		else
			*out_enabled = r->enabled;
	}
	etcd__auth_status_response__free_unpacked(r, NULL);
	buf_close(&reply);
	return rc;
}

int etcd_maintenance_snapshot(struct etcd_client *c, size_t endpoint,
                              const struct snapshot_stream_sink *sink,
                              struct etcd_maintenance_snapshot *out,
                              struct err *e)
{
	struct snapshot_stream s;
	const struct grpc_frame_sink frames = { snapshot_stream_begin,
		snapshot_stream_bytes, snapshot_stream_end, &s };
	const char *url = etcd_client_url(c, endpoint);
	Etcd__Empty m = ETCD__EMPTY__INIT;
	struct etcd_client_rpc rpc = { .method = "Maintenance/Snapshot",
		.request = &m.base, .idempotent = 1, .sink = &frames,
		.max = SNAPSHOT_STREAM_MESSAGE_MAX };

	snapshot_stream_init(&s, sink);
	if (etcd_client_call(c, endpoint, &rpc, NULL, e) < 0)
		return s.refused ? err_wrap(e, "%s", url) : -1;
	if (snapshot_stream_finish(&s, e) < 0)
		return err_wrap(e, "%s", url);
	out->size = s.size;
	(void)memcpy(out->digest, s.digest, sizeof(out->digest));
	(void)memcpy(out->storage_version, s.version, sizeof(s.version));
	return 0;
}
