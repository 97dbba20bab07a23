/* data_dir.h - from a snapshot file to a data folder that etcd starts from.
 *
 * The promise: the folder appears under its name whole, synced and checked, by
 * one last rename, or not at all. */
#ifndef RESTORE_DATA_DIR_H
#define RESTORE_DATA_DIR_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct data_dir_options {
	const char *file;               /* any form that archive_in.h reads */
	const char *data_dir;
	const char *wal_dir;            /* NULL: in the data folder */
	const char *name;
	const char *initial_cluster;
	const char *token;              /* NULL: a random one */
	const char *peer_urls;          /* what this member advertises */
	const char *server_version;     /* NULL: not known */
	uint64_t bump_revision;         /* 0: none */
	_Bool mark_compacted;           /* must go with a bump */
	_Bool compact;                  /* write the database densely */
	_Bool clear_alarms;             /* drop NOSPACE alarms */
	_Bool no_digest;                /* take a database without a digest */
	_Bool has_owner;
	uid_t uid;
	gid_t gid;
};

enum { DATA_DIR_TOKEN_MAX = 255, DATA_DIR_WARNINGS_MAX = 8 << 10 };

struct data_dir_report {
	char token[DATA_DIR_TOKEN_MAX + 1];
	uint64_t member_id, cluster_id, members;
	uint64_t old_revision, revision;
	int64_t compact_revision;       /* as the members will have it */
	uint32_t hash_kv;               /* at that revision and compaction */
	uint64_t keys, leases;
	uint64_t size_bytes;            /* of the database written */
	const char *form;               /* of the input */
	_Bool had_digest;
	char storage_version[32], cluster_version[32];
	uint64_t time_ms;
	struct buf warnings;            /* a line each */
};
#define DATA_DIR_REPORT_INIT { .warnings = BUF_INIT(DATA_DIR_WARNINGS_MAX) }

/* Do it.  End the report with data_dir_report_close(), failed or not. */
int data_dir_make(const struct data_dir_options *o, struct data_dir_report *r,
                  struct err *e) MUST_USE;
void data_dir_report_close(struct data_dir_report *r);

#endif
