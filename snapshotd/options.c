#include "options.h"

#include "check.h"
#include "list.h"
#include "pin.h"
#include "prune.h"
#include "run.h"
#include "save.h"
#include "settings.h"

enum {
	RUN = 1, SAVE = 2, LIST = 4, VERIFY = 8, PRUNE = 16, PIN = 32,
	TAKES = RUN | SAVE,
	RETAINS = RUN | PRUNE,
	ALL = 63,
};

static const char *const formats[] = { "archive", "rke-zip", NULL };
static const char *const compressions[] = {
	"fast", "normal", "better", "best", NULL,
};
static const char *const log_formats[] = { "text", "json", NULL };
static const char *const log_levels[] = {
	"debug", "info", "warn", "error", NULL,
};

#define AT(field) offsetof(struct settings, field)

static const struct cli_opt opts[] = {
	{ "config", 'c', CLI_PATH, AT(config), NULL, "FILE",
	  "read options from this YAML file", NULL, ALL, 0, 0, NULL },
	{ "dir", 'd', CLI_PATH, AT(dir), "/opt/rke/etcd-snapshots", "DIR",
	  "the folder of the snapshots", "dir", ALL, 0, 0, NULL },

	{ "endpoints", 'e', CLI_TEXT, AT(endpoints), "127.0.0.1:2379",
	  "URL,...",
	  "members of the cluster; all are asked, the freshest healthy one "
	  "is read", "endpoints", ALL, 0, 0, NULL },
	{ "cacert", 0, CLI_PATH, AT(cacert), NULL, "FILE",
	  "the CA that signed the members' certificates", "cacert", ALL,
	  0, 0, NULL },
	{ "cert", 0, CLI_PATH, AT(cert), NULL, "FILE",
	  "our client certificate", "cert", ALL, 0, 0, NULL },
	{ "key", 0, CLI_PATH, AT(key), NULL, "FILE",
	  "the private key of our client certificate", "key", ALL,
	  0, 0, NULL },
	{ "user", 0, CLI_TEXT, AT(user), NULL, "NAME",
	  "log in as this user of etcd, who needs the role root", "user",
	  TAKES, 0, 0, NULL },
	{ "password-file", 0, CLI_PATH, AT(password_file), NULL, "FILE",
	  "the user's password, in a file that only its owner can read",
	  "password_file", TAKES, 0, 0, NULL },
	{ "connect-timeout", 0, CLI_SPAN, AT(connect_timeout_ms), "3s", "TIME",
	  "for a member to accept a connection", "timeouts.connect", TAKES,
	  100, 600000, NULL },
	{ "call-timeout", 0, CLI_SPAN, AT(call_timeout_ms), "5s", "TIME",
	  "for a quick answer", "timeouts.call", TAKES, 100, 600000, NULL },
	{ "slow-timeout", 0, CLI_SPAN, AT(slow_timeout_ms), "60s", "TIME",
	  "for a member to hash its database", "timeouts.slow", TAKES,
	  1000, 3600000, NULL },
	{ "idle-timeout", 0, CLI_SPAN, AT(idle_timeout_ms), "30s", "TIME",
	  "without a byte of the snapshot", "timeouts.idle", TAKES,
	  1000, 3600000, NULL },

	{ "name", 'n', CLI_TEXT, AT(name), NULL, "NAME",
	  "name of the snapshot, instead of one made of time, node and "
	  "revision", NULL, SAVE, 0, 0, NULL },
	{ "node", 0, CLI_TEXT, AT(node), NULL, "NAME",
	  "name of this node in snapshots, instead of the host's", "node",
	  TAKES, 0, 0, NULL },
	{ "format", 0, CLI_CHOICE, AT(format), "archive", "FORM",
	  "form of the file; rke-zip is what RKE restores from, and holds no "
	  "manifest", "format", TAKES | PRUNE, 0, 0, formats },
	{ "compression", 0, CLI_CHOICE, AT(compression), "fast", "LEVEL",
	  "how hard to compress", "compression", TAKES, 0, 0, compressions },
	{ "cluster-config", 0, CLI_PATH, AT(cluster_config), NULL, "FILE",
	  "put this cluster.yml into every snapshot", "cluster_config", TAKES,
	  0, 0, NULL },
	{ "cluster-state", 0, CLI_PATH, AT(cluster_state), NULL, "FILE",
	  "put this cluster state, with its keys, into every snapshot",
	  "cluster_state", TAKES, 0, 0, NULL },
	{ "reserve", 0, CLI_SIZE, AT(reserve_bytes), "64MiB", "SIZE",
	  "space on the disk that a snapshot must leave free", "reserve",
	  TAKES, 0, 0, NULL },
	{ "allow-lower-revision", 0, CLI_FLAG, AT(allow_lower_revision), NULL,
	  NULL, "accept a revision below that of the newest snapshot", NULL,
	  SAVE, 0, 0, NULL },
	{ "new-cluster", 0, CLI_FLAG, AT(new_cluster), NULL, NULL,
	  "accept another cluster than that of the newest snapshot", NULL,
	  SAVE, 0, 0, NULL },

	{ "creation", 0, CLI_SPAN, AT(creation_ms), "12h", "TIME",
	  "time between snapshots, aligned to the clock (UTC)", "creation",
	  RUN, 1000, INT64_C(366) * 86400 * 1000, NULL },
	{ "interval-hours", 0, CLI_COUNT, AT(interval_hours), NULL, "HOURS",
	  "the same in hours, as RKE's backup_config says it",
	  "interval_hours", RUN, 0, 8784, NULL },
	{ "cron", 0, CLI_TEXT, AT(cron), NULL, "EXPR",
	  "take snapshots when this cron expression fires, instead", "cron",
	  RUN, 0, 0, NULL },
	{ "timezone", 0, CLI_TEXT, AT(timezone), "UTC", "ZONE",
	  "the time zone of the cron expression", "timezone", RUN,
	  0, 0, NULL },
	{ "jitter", 0, CLI_SPAN, AT(jitter_ms), "60s", "TIME",
	  "spread the nodes over this much after each slot", "jitter", RUN,
	  0, 86400000, NULL },
	{ "retries", 0, CLI_COUNT, AT(retries), "4", "N",
	  "tries after a failed one, before the next slot", "retries", RUN,
	  0, 100, NULL },

	{ "keep", 0, CLI_COUNT, AT(keep), NULL, "N",
	  "keep this many verified snapshots", "retention.count", RETAINS,
	  0, 1000000, NULL },
	{ "retention", 0, CLI_SPAN, AT(retention_ms), "72h", "TIME",
	  "keep snapshots this long", "retention.age", RETAINS, 0, 0, NULL },
	{ "keep-hourly", 0, CLI_COUNT, AT(keep_hourly), NULL, "N",
	  "keep the last one of so many hours", "retention.hourly", RETAINS,
	  0, 1000000, NULL },
	{ "keep-daily", 0, CLI_COUNT, AT(keep_daily), NULL, "N",
	  "keep the last one of so many days", "retention.daily", RETAINS,
	  0, 1000000, NULL },
	{ "keep-weekly", 0, CLI_COUNT, AT(keep_weekly), NULL, "N",
	  "keep the last one of so many weeks", "retention.weekly", RETAINS,
	  0, 1000000, NULL },
	{ "keep-monthly", 0, CLI_COUNT, AT(keep_monthly), NULL, "N",
	  "keep the last one of so many months", "retention.monthly", RETAINS,
	  0, 1000000, NULL },
	{ "keep-at-least", 0, CLI_COUNT, AT(keep_at_least), "3", "N",
	  "never remove the newest verified ones", "retention.at_least",
	  RETAINS, 1, 1000000, NULL },

	{ "listen", 0, CLI_TEXT, AT(listen), "127.0.0.1:9420", "ADDRESS",
	  "serve /metrics and /healthz there; \"off\" for not at all",
	  "listen", RUN, 0, 0, NULL },
	{ "log-format", 0, CLI_CHOICE, AT(log_format), "text", "FORM",
	  "of log lines", "log.format", RUN, 0, 0, log_formats },
	{ "log-level", 0, CLI_CHOICE, AT(log_level), "info", "LEVEL",
	  "of log lines", "log.level", RUN, 0, 0, log_levels },

	{ "json", 0, CLI_FLAG, AT(json), NULL, NULL,
	  "print the result as JSON", NULL, SAVE | LIST | VERIFY | PRUNE,
	  0, 0, NULL },
	{ "dry-run", 0, CLI_FLAG, AT(dry_run), NULL, NULL,
	  "say what would be removed and why, remove nothing", NULL, PRUNE,
	  0, 0, NULL },
	{ .name = NULL },
};

static const struct cli_cmd cmds[] = {
	{ "run", "", "take snapshots for as long as it runs",
	  "Takes snapshots by schedule, removes those that the retention rules "
	  "let go after each verified one, and serves metrics.  Stays in the "
	  "foreground.  SIGTERM ends it cleanly, even within a snapshot; "
	  "SIGHUP reads the configuration again; SIGUSR1 takes a snapshot "
	  "now.", 0, 0, RUN, run_run },
	{ "save", "", "take one snapshot now",
	  "Asks all endpoints, receives the database from the freshest healthy "
	  "voting member, checks it completely, compares it with every voting "
	  "member and writes it.  When a member holds different data the "
	  "snapshot is kept, marked diverged, and the exit code is 3.", 0, 0,
	  SAVE, save_run },
	{ "list", "", "list the folder's snapshots",
	  "Says of every file in the folder what it is; no database is "
	  "read.", 0, 0, LIST, list_run },
	{ "verify", "[NAME|FILE...]", "check stored snapshots completely",
	  "Reads every byte: the digest, every page, bucket and record of the "
	  "database, and all that the manifest says.  Takes Lifeboat's "
	  "archives, RKE's zips and raw databases; without a name, all in the "
	  "folder.", 0, -1, VERIFY, check_run },
	{ "prune", "", "remove the snapshots that the rules let go",
	  "Prints for each file why it stays or goes.", 0, 0, PRUNE,
	  prune_run },
	{ "pin", "NAME...", "keep snapshots until they are unpinned",
	  "A pinned snapshot is never removed.", 1, -1, PIN, pin_run },
	{ "unpin", "NAME...", "let the rules have pinned snapshots again",
	  "Undoes pin.", 1, -1, PIN, pin_undo_run },
	{ .name = NULL },
};

static const struct cli_section sections[] = {
	{ "SIGNALS", "SIGTERM and SIGINT end the program; a snapshot that is "
	  "being taken is abandoned and leaves nothing behind.  SIGHUP makes "
	  "run read its configuration again; when that is wrong it says so "
	  "and goes on with the old one.  SIGUSR1 makes it take a snapshot "
	  "now." },
	{ "FILES", SETTINGS_FILE " is read when it exists and --config names "
	  "no other.\n\n/opt/rke/etcd-snapshots holds the snapshots, "
	  "<time>-<node>-r<revision>.tar.zst, beside them .<name>.pin for "
	  "pinned ones and .*.lock; .*.part is what is being written.\n\nAn "
	  "archive is read with stock tools as well:\n\n"
	  "\ttar --zstd -xf NAME.tar.zst" },
	{ "EXAMPLES", "One snapshot of a cluster that RKE built:\n\n"
	  "\tS=/etc/kubernetes/ssl\n"
	  "\tlifeboat-snapshotd save --endpoints https://10.0.0.1:2379 \\\n"
	  "\t    --cacert $S/kube-ca.pem --cert $S/kube-node.pem \\\n"
	  "\t    --key $S/kube-node-key.pem\n\n"
	  "What would go, and why:\n\n"
	  "\tlifeboat-snapshotd prune --dry-run --keep 10 --keep-daily 7" },
	{ .title = NULL },
};

const struct cli_program options_program = {
	.name = "lifeboat-snapshotd",
	.purpose = "rolling snapshots of a live etcd",
	.text = "Takes snapshots of an etcd cluster, now or by schedule, "
	        "proves them and keeps them.  A snapshot is verified when its "
	        "database was walked completely and its hash equals that of "
	        "every voting member; it is unproven when a member could not "
	        "be compared, and diverged when one holds different data.  "
	        "Its name appears when the file is complete and on the disk, "
	        "never earlier.",
	.man_section = 8,
	.opts = opts, .cmds = cmds, .sections = sections,
	.config_size = sizeof(struct settings),
	.config_offset = AT(config),
	.config_file = SETTINGS_FILE,
};
