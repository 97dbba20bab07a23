#include "save.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/units.h"
#include "folder_work.h"
#include "settings.h"
#include "snapshot/manifest_print.h"

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;

	p->total_bytes = total;
	progress_add(p, done - p->done_bytes);
}

static void tell_warnings(const struct manifest *m)
{
	for (size_t i = 0; i < m->warning_count; i++)
		(void)fprintf(stderr, "lifeboat-snapshotd: warning: %s\n",
		              m->warnings[i]);
	for (size_t i = 0; i < m->member_count; i++)
		if (m->members[i].result != MANIFEST_EQUAL)
			(void)fprintf(stderr, "lifeboat-snapshotd: warning: "
			              "member %s %s: %s\n", m->members[i].name,
			              m->members[i].result == MANIFEST_DIFFERENT
			              ? "holds different data"
			              : "could not be compared",
			              m->members[i].reason);
}

static int tell_json(const struct take_result *r, struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_TEXT);
	int rc = manifest_print(&r->manifest, &text, e);

	if (rc == 0)
		(void)fwrite(text.data, 1, text.len, stdout);
	buf_close(&text);
	return rc;
}

static void tell(const struct settings *s, const struct take_result *r)
{
	const struct manifest *m = &r->manifest;
	char file[UNITS_TEXT], image[UNITS_TEXT], took[UNITS_TEXT];

	units_format_bytes(r->file_bytes, file);
	units_format_bytes(m->image_size, image);
	units_format_ms((int64_t)m->duration_ms, took);
	(void)printf("%s/%s\n%s: revision %llu, %llu keys, hash %08x, "
	             "%s from %s, %s\n", s->dir, r->file,
	             manifest_verdict_word(m->verdict),
	             (unsigned long long)m->revision,
	             (unsigned long long)m->live_keys, m->status_hash, file,
	             image, took);
}

static int save(const struct settings *s, const char *password,
                struct take_result *r, struct err *e)
{
	struct progress bar;
	struct take_options o;
	char node[256];
	int rc;

	settings_take(s, settings_node(s, node), password, &o);
	progress_start(&bar, 2, "save", 0, 0);
	o.progress = on_progress;
	o.arg = &bar;
	rc = folder_work_save(s, &o, r, e);
	progress_end(&bar);
	return rc;
}

int save_run(void *config, int argc, char **argv)
{
	struct settings *s = config;
	struct take_result r = TAKE_RESULT_INIT;
	struct buf password = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;
	int rc = -1;

	(void)argc;
	(void)argv;
	if (settings_password(s, &password, &e) == 0)
		rc = save(s, password.data, &r, &e);
	if (rc == 0) {
		tell_warnings(&r.manifest);
		if (s->json)
			rc = tell_json(&r, &e);
		else
			tell(s, &r);
	}
	if (rc == 0 && r.manifest.verdict == MANIFEST_DIVERGED)
		rc = err_set(&e, ERR_CORRUPT, "members hold different data; "
		             "the snapshot is kept and marked diverged");
	file_wipe(&password);
	take_clear(&r);
	return rc == 0 ? 0 : settings_fail(&e);
}
