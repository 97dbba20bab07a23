#include "data_dir_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data_dir.h"
#include "report.h"
#include "settings.h"

/* Digits up to `end`: an id that is not the one for "leave it alone". */
static _Bool read_id(const char *text, char end, uint32_t *out,
                     const char **rest)
{
	uint64_t v = 0;
	const char *p = text;

	while (*p >= '0' && *p <= '9' && v < UINT32_MAX)
		v = v * 10 + (uint64_t)(*p++ - '0');
	if (p == text || *p != end || v >= UINT32_MAX)
		return 0;
	*out = (uint32_t)v;
	*rest = p + 1;
	return 1;
}

static int read_owner(const char *text, struct data_dir_options *o,
                      struct err *e)
{
	const char *rest;

	if (text == NULL)
		return 0;
	if (!read_id(text, ':', &o->uid, &rest) ||
	    !read_id(rest, '\0', &o->gid, &rest))
		return err_set(e, ERR_USAGE, "--owner wants uid:gid, not '%s'",
		               text);
	o->has_owner = 1;
	return 0;
}

static int read_settings(const struct settings *s, const char *file,
                         struct data_dir_options *o, struct err *e)
{
	*o = (struct data_dir_options){
		.file = file, .data_dir = s->data_dir, .wal_dir = s->wal_dir,
		.name = s->name, .initial_cluster = s->initial_cluster,
		.token = s->initial_cluster_token,
		.peer_urls = s->initial_advertise_peer_urls,
		.server_version = s->server_version,
		.bump_revision = s->bump_revision,
		.mark_compacted = s->mark_compacted, .compact = s->compact,
		.clear_alarms = s->clear_alarms, .no_digest = s->no_digest,
	};
	if (s->data_dir == NULL)
		return err_set(e, ERR_USAGE, "--data-dir is missing");
	return read_owner(s->owner, o, e);
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

int data_dir_run(void *config, int argc, char **argv)
{
	const struct settings *s = config;
	struct data_dir_options o;
	struct data_dir_report r = DATA_DIR_REPORT_INIT;
	struct err e = ERR_INIT;
	int rc = read_settings(s, argv[0], &o, &e);

	(void)argc;
	if (rc == 0)
		rc = data_dir_make(&o, &r, &e);
	print_warnings(&r.warnings);
	if (rc == 0)
		rc = print(&o, &r, s->json, &e);
	data_dir_report_close(&r);
	return rc == 0 ? 0 : settings_fail(&e);
}
