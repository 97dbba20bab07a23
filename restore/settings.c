#include "settings.h"

#include <stdio.h>

#include "data_dir_run.h"

enum { DATA_DIR = 1, ALL = 1 };

#define AT(field) offsetof(struct settings, field)

static const struct cli_opt opts[] = {
	{ "data-dir", 'd', CLI_PATH, AT(data_dir), NULL, "DIR",
	  "the folder to make; it must not exist, or be empty", NULL,
	  DATA_DIR, 0, 0, NULL },
	{ "wal-dir", 0, CLI_PATH, AT(wal_dir), NULL, "DIR",
	  "put the log there instead of into the data folder; etcd needs the "
	  "same option", NULL, DATA_DIR, 0, 0, NULL },
	{ "name", 'n', CLI_TEXT, AT(name), "default", "NAME",
	  "of this member", NULL, DATA_DIR, 0, 0, NULL },
	{ "initial-cluster", 0, CLI_TEXT, AT(initial_cluster),
	  "default=http://localhost:2380", "NAME=URL,...",
	  "all members that the cluster begins with; the same at each", NULL,
	  DATA_DIR, 0, 0, NULL },
	{ "initial-cluster-token", 0, CLI_TEXT, AT(initial_cluster_token),
	  NULL, "TEXT", "sets this cluster apart from any before; the same at "
	  "each member; random when not given", NULL, DATA_DIR, 0, 0, NULL },
	{ "initial-advertise-peer-urls", 0, CLI_TEXT,
	  AT(initial_advertise_peer_urls), "http://localhost:2380", "URL,...",
	  "of this member, as in the initial cluster", NULL, DATA_DIR,
	  0, 0, NULL },
	{ "bump-revision", 0, CLI_COUNT, AT(bump_revision), "0", "N",
	  "jump ahead by so many revisions, so that clients which saw later "
	  "ones notice; Kubernetes wants 1000000000", NULL, DATA_DIR,
	  0, INT64_MAX / 2, NULL },
	{ "mark-compacted", 0, CLI_FLAG, AT(mark_compacted), NULL, NULL,
	  "tell watchers of revisions before the jump that these are gone; "
	  "goes with --bump-revision", NULL, DATA_DIR, 0, 0, NULL },
	{ "compact", 0, CLI_FLAG, AT(compact), NULL, NULL,
	  "write the database densely, as a defragmentation would", NULL,
	  DATA_DIR, 0, 0, NULL },
	{ "clear-alarms", 0, CLI_FLAG, AT(clear_alarms), NULL, NULL,
	  "drop NOSPACE alarms, with which the cluster would refuse writes",
	  NULL, DATA_DIR, 0, 0, NULL },
	{ "no-digest", 0, CLI_FLAG, AT(no_digest), NULL, NULL,
	  "take a database without a digest at its end", NULL, DATA_DIR,
	  0, 0, NULL },
	{ "server-version", 0, CLI_TEXT, AT(server_version), NULL, "X.Y",
	  "of the etcd that will start; warns when the snapshot is of a later "
	  "one", NULL, DATA_DIR, 0, 0, NULL },
	{ "owner", 0, CLI_TEXT, AT(owner), NULL, "UID:GID",
	  "of what is made, in numbers", NULL, DATA_DIR, 0, 0, NULL },
	{ "json", 0, CLI_FLAG, AT(json), NULL, NULL,
	  "print the result as JSON", NULL, ALL, 0, 0, NULL },
	{ .name = NULL },
};

static const struct cli_cmd cmds[] = {
	{ "data-dir", "FILE", "make a data folder that etcd starts from",
	  "FILE is a Lifeboat archive, a zip of RKE, a database from etcdctl "
	  "snapshot save, or a copy of member/snap/db of a stopped member.  It "
	  "is checked completely on the way.  The folder appears under its "
	  "name whole, by one last rename, or not at all; what a killed run "
	  "left is removed by the next one.", 1, 1, DATA_DIR, data_dir_run },
	{ .name = NULL },
};

static const struct cli_section sections[] = {
	{ .title = NULL },
};

const struct cli_program settings_program = {
	.name = "lifeboat-restore",
	.purpose = "bring etcd back from a snapshot",
	.text = "Works on files alone: no etcd, no etcdctl and no network is "
	        "needed.",
	.man_section = 8,
	.opts = opts, .cmds = cmds, .sections = sections,
	.config_size = sizeof(struct settings),
	.config_offset = AT(config),
};

int settings_fail(const struct err *e)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "lifeboat-restore: %s\n", e->text);
	return err_exit_code(e->kind);
}
