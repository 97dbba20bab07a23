/* etcd_maintenance.h - the state of members, their hashes, and snapshots.
 *
 * `endpoint` is an index below etcd_client_count(); the *_all calls ask every
 * endpoint at once and give each its own result, in the order of the endpoints.
 * Failures are those of http.h and grpc_status.h, with etcd's words. */
#ifndef ETCD_ETCD_MAINTENANCE_H
#define ETCD_ETCD_MAINTENANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etcd/etcd_client.h"
#include "etcd/snapshot_stream.h"

enum { ETCD_MAINTENANCE_VERSION_MAX = 32 };

struct etcd_maintenance_status {
	uint64_t cluster_id, member_id, leader_id;
	int64_t revision;
	uint64_t raft_term, raft_index, raft_applied;
	uint64_t db_size, db_in_use, db_quota;  /* bytes; quota 0 before 3.6 */
	char version[ETCD_MAINTENANCE_VERSION_MAX];             /* "3.5.16" */
	char storage_version[ETCD_MAINTENANCE_VERSION_MAX];     /* "" <= 3.5 */
	_Bool learner, no_space, corrupt, no_leader;
};

struct etcd_maintenance_status_result {
	int rc;                         /* 0, or -1 and `err` */
	struct err err;
	enum etcd_fault fault;
	struct etcd_maintenance_status status;
};

int etcd_maintenance_status(struct etcd_client *c, size_t endpoint,
                            struct etcd_maintenance_status *out,
                            struct err *e) MUST_USE;
/* `results` has etcd_client_count() places. */
void etcd_maintenance_status_all(
	struct etcd_client *c, struct etcd_maintenance_status_result *results);

struct etcd_maintenance_hash {
	uint64_t member_id;
	int64_t revision;               /* the member's newest */
	int64_t compact_revision;       /* -1: never compacted */
	int64_t hash_revision;          /* 0 before 3.6: as asked */
	uint32_t hash;
};

struct etcd_maintenance_hash_result {
	int rc;
	struct err err;
	enum etcd_fault fault;          /* COMPACTED, FUTURE, ... */
	struct etcd_maintenance_hash hash;
};

/* HashKV at `revision`; 0: the newest of each member. */
int etcd_maintenance_hash(struct etcd_client *c, size_t endpoint,
                          int64_t revision, struct etcd_maintenance_hash *out,
                          struct err *e) MUST_USE;
void etcd_maintenance_hash_all(struct etcd_client *c, int64_t revision,
                               struct etcd_maintenance_hash_result *results);

enum etcd_maintenance_alarm_type {
	ETCD_MAINTENANCE_NOSPACE = 1,
	ETCD_MAINTENANCE_CORRUPT = 2,
};

struct etcd_maintenance_alarm {
	uint64_t member_id;
	unsigned type;                  /* enum etcd_maintenance_alarm_type */
};

enum { ETCD_MAINTENANCE_ALARMS_MAX = 64 };

struct etcd_maintenance_alarms {
	size_t count;
	struct etcd_maintenance_alarm list[ETCD_MAINTENANCE_ALARMS_MAX];
};

/* The cluster's alarms; `endpoint` may be ETCD_CLIENT_ANY. */
int etcd_maintenance_alarms(struct etcd_client *c, size_t endpoint,
                            struct etcd_maintenance_alarms *out,
                            struct err *e) MUST_USE;
int etcd_maintenance_disarm(struct etcd_client *c,
                            const struct etcd_maintenance_alarm *alarm,
                            struct err *e) MUST_USE;

/* Blocks that member's reads and writes while it runs. */
int etcd_maintenance_defragment(struct etcd_client *c, size_t endpoint,
                                unsigned timeout_ms, struct err *e) MUST_USE;
/* `endpoint` must be the leader. */
int etcd_maintenance_move_leader(struct etcd_client *c, size_t endpoint,
                                 uint64_t to_member, struct err *e) MUST_USE;
/* ERR_REFUSED with ETCD_FAULT_NO_METHOD before 3.5. */
int etcd_maintenance_auth_enabled(struct etcd_client *c, _Bool *out_enabled,
                                  struct err *e) MUST_USE;

struct etcd_maintenance_snapshot {
	uint64_t size;                  /* of the image, without the digest */
	unsigned char digest[SNAPSHOT_STREAM_DIGEST];   /* what etcd claims */
	char storage_version[SNAPSHOT_STREAM_VERSION_MAX];      /* "" <= 3.5 */
};

/* Stream the database of one member (not ETCD_CLIENT_ANY: a snapshot is of a
 * member that was chosen) into `sink`, see snapshot_stream.h.  On failure what
 * the sink got is worthless.  Comparing the digest is the caller's duty.  A
 * slow sink makes the server keep old pages for longer, nothing else. */
int etcd_maintenance_snapshot(struct etcd_client *c, size_t endpoint,
                              const struct snapshot_stream_sink *sink,
                              struct etcd_maintenance_snapshot *out,
                              struct err *e) MUST_USE;

#endif
