#include "data_dir_cmd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_dir.h"
#include "report.h"

enum option_id {
	O_DATA_DIR = 1, O_WAL_DIR, O_NAME, O_CLUSTER, O_TOKEN, O_URLS,
	O_SERVER_VERSION, O_BUMP, O_MARK, O_COMPACT, O_CLEAR_ALARMS,
	O_NO_DIGEST, O_OWNER, O_JSON,
};

static const struct option table[] = {
	{ "data-dir", required_argument, NULL, O_DATA_DIR },
	{ "wal-dir", required_argument, NULL, O_WAL_DIR },
	{ "name", required_argument, NULL, O_NAME },
	{ "initial-cluster", required_argument, NULL, O_CLUSTER },
	{ "initial-cluster-token", required_argument, NULL, O_TOKEN },
	{ "initial-advertise-peer-urls", required_argument, NULL, O_URLS },
	{ "server-version", required_argument, NULL, O_SERVER_VERSION },
	{ "bump-revision", required_argument, NULL, O_BUMP },
	{ "mark-compacted", no_argument, NULL, O_MARK },
	{ "compact", no_argument, NULL, O_COMPACT },
	{ "clear-alarms", no_argument, NULL, O_CLEAR_ALARMS },
	{ "no-digest", no_argument, NULL, O_NO_DIGEST },
	{ "owner", required_argument, NULL, O_OWNER },
	{ "json", no_argument, NULL, O_JSON },
	{ NULL, 0, NULL, 0 },
};

static int read_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	if (text[0] < '0' || text[0] > '9')
		return -1;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= max ? 0 : -1;
}

/* uid:gid */
static int read_owner(const char *text, struct data_dir_options *o,
                      struct err *e)
{
	char uid_text[24];
	const char *colon = strchr(text, ':');
	uint64_t uid, gid;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(uid_text))
		return err_set(e, ERR_USAGE, "--owner wants uid:gid, not '%s'",
		               text);
	(void)snprintf(uid_text, sizeof(uid_text), "%.*s", (int)(colon - text),
	               text);
	if (read_number(uid_text, UINT32_MAX - 1, &uid) < 0 ||
	    read_number(colon + 1, UINT32_MAX - 1, &gid) < 0)
		return err_set(e, ERR_USAGE, "--owner wants uid:gid, not '%s'",
		               text);
	o->uid = (uid_t)uid;
	o->gid = (gid_t)gid;
	o->has_owner = 1;
	return 0;
}

static int take(struct data_dir_options *o, enum option_id id, _Bool *json,
                struct err *e)
{
	switch (id) {
	case O_DATA_DIR: o->data_dir = optarg; return 0;
	case O_WAL_DIR: o->wal_dir = optarg; return 0;
	case O_NAME: o->name = optarg; return 0;
	case O_CLUSTER: o->initial_cluster = optarg; return 0;
	case O_TOKEN: o->token = optarg; return 0;
	case O_URLS: o->peer_urls = optarg; return 0;
	case O_SERVER_VERSION: o->server_version = optarg; return 0;
	case O_MARK: o->mark_compacted = 1; return 0;
	case O_COMPACT: o->compact = 1; return 0;
	case O_CLEAR_ALARMS: o->clear_alarms = 1; return 0;
	case O_NO_DIGEST: o->no_digest = 1; return 0;
	case O_JSON: *json = 1; return 0;
	case O_OWNER: return read_owner(optarg, o, e);
	case O_BUMP:
		if (read_number(optarg, INT64_MAX, &o->bump_revision) < 0)
			return err_set(e, ERR_USAGE, "--bump-revision wants a "
			               "number, not '%s'", optarg);
		return 0;
	}
	return err_set(e, ERR_USAGE, "unknown option");
}

static int read_options(struct data_dir_options *o, int argc, char **argv,
                        _Bool *json, struct err *e)
{
	int id;

	*o = (struct data_dir_options){
		.name = "default",
		.initial_cluster = "default=http://localhost:2380",
		.peer_urls = "http://localhost:2380",
	};
	opterr = 0;
	while ((id = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (id == '?')
			return err_set(e, ERR_USAGE, "unknown or incomplete "
			               "option '%s'", argv[optind - 1]);
		if (take(o, (enum option_id)id, json, e) < 0)
			return -1;
	}
	if (optind + 1 != argc)
		return err_set(e, ERR_USAGE, "name one snapshot file");
	if (o->data_dir == NULL)
		return err_set(e, ERR_USAGE, "--data-dir is missing");
	o->file = argv[optind];
	return 0;
}

static int print(const struct data_dir_options *o,
                 const struct data_dir_report *r, _Bool json, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int rc;

	if (json)
		report_json(o, r, &b);
	else
		report_text(o, r, &b);
	rc = buf_check(&b, e);
	if (rc == 0 && (fwrite(b.data, 1, b.len, stdout) != b.len ||
	    fflush(stdout) != 0))
		rc = err_sys(e, "cannot write the result");
	buf_close(&b);
	return rc;
}

static void print_warnings(const struct buf *warnings)
{
	const char *at = warnings->len > 0 ? warnings->data : "", *end;

	for (; (end = strchr(at, '\n')) != NULL; at = end + 1)
		(void)fprintf(stderr, "lifeboat-restore: warning: %.*s\n",
		              (int)(end - at), at);
}

int data_dir_cmd(int argc, char **argv)
{
	struct data_dir_options o;
	struct data_dir_report r = DATA_DIR_REPORT_INIT;
	struct err e = ERR_INIT;
	_Bool json = 0;
	int rc = read_options(&o, argc, argv, &json, &e);

	if (rc == 0)
		rc = data_dir_make(&o, &r, &e);
	print_warnings(&r.warnings);
	if (rc == 0)
		rc = print(&o, &r, json, &e);
	data_dir_report_close(&r);
	if (rc < 0)
		(void)fprintf(stderr, "lifeboat-restore: %s\n", e.text);
	return rc < 0 ? err_exit_code(e.kind) : 0;
}
