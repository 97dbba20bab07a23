/* settings.h - everything that can be set, by option or in the YAML file. */
#ifndef SNAPSHOTD_SETTINGS_H
#define SNAPSHOTD_SETTINGS_H

#include <signal.h>
#include <stdint.h>

#include "base/cli.h"
#include "schedule.h"
#include "snapshot/retain.h"
#include "snapshot/take.h"

#define SETTINGS_FILE "/etc/lifeboat/snapshotd.yml"

struct settings {
	char *config;                   /* the YAML file */
	/* etcd */
	char *endpoints, *cacert, *cert, *key, *user, *password_file;
	int64_t connect_timeout_ms, call_timeout_ms, slow_timeout_ms,
	        idle_timeout_ms;
	/* the snapshot */
	char *dir, *node, *name, *cluster_config, *cluster_state;
	int format, compression;
	uint64_t reserve_bytes;
	_Bool allow_lower_revision, new_cluster;
	/* when */
	int64_t creation_ms;
	uint64_t interval_hours;        /* RKE's word for it; 0: not given */
	char *cron, *timezone;
	int64_t jitter_ms;
	uint64_t retries;
	/* how long */
	uint64_t keep, keep_hourly, keep_daily, keep_weekly, keep_monthly,
	         keep_at_least;
	int64_t retention_ms;
	/* around it */
	char *listen;
	int log_format, log_level;
	_Bool json, dry_run;
};

/* Ends early what runs, set by SIGTERM and SIGINT. */
extern volatile sig_atomic_t settings_stop;

/* The name of this node: as set, else the host's.  Writes to `out`. */
const char *settings_node(const struct settings *s, char out[256]);
/* The password file's content into `password` (may stay empty). */
int settings_password(const struct settings *s, struct buf *password,
                      struct err *e) MUST_USE;
/* What take_snapshot() wants; borrows from `s`, `node` and `password`. */
void settings_take(const struct settings *s, const char *node,
                   const char *password, struct take_options *out);
void settings_retention(const struct settings *s, int64_t now,
                        struct retain_policy *out);
/* The words of the command line, for settings_reload(); borrowed. */
void settings_remember(int argc, char **argv);
/* Read file and command line again, and what they say of the schedule.  On
 * failure `s` stays as it was. */
int settings_reload(struct settings *s, struct schedule *schedule,
                    struct err *e) MUST_USE;
/* When snapshots are due, by the settings. */
int settings_schedule(const struct settings *s, struct schedule *out,
                      struct err *e) MUST_USE;
/* Print `e` as the program's last word, return the exit code. */
int settings_fail(const struct err *e);

#endif
