#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/jsonout.h"
#include "base/progress.h"
#include "base/shown.h"
#include "folder_work.h"
#include "settings.h"
#include "snapshot/verify.h"

static const char *const words[] = {
	[MANIFEST_SKIPPED] = "skipped", [MANIFEST_OK] = "ok",
	[MANIFEST_FAILED] = "FAILED",
};

static void print_text(const char *name, const struct verify_report *r)
{
	const struct image_summary *s = &r->sum;
	char shown[SHOWN_MAX];

	(void)printf("%s: %s, %s\n", shown_name(name, shown),
	             archive_in_form_text(r->form),
	             r->ok ? "sound" : "DAMAGED");
	for (enum verify_check c = 0; c < VERIFY_N; c++)
		(void)printf("  %-9s %-8s%s%s\n", verify_name(c),
		             words[r->checks[c].result],
		             r->checks[c].note[0] == '\0' ? "" : " ",
		             r->checks[c].note);
	if (r->findings.count > 1)
		(void)printf("  all that was found (%llu):\n%s",
		             (unsigned long long)r->findings.count,
		             r->findings.text.data);
	if (r->has_database && r->ok)
		(void)printf("  revision %llu, %llu live keys, hash %08x, "
		             "hash_kv %u\n", (unsigned long long)s->revision,
		             (unsigned long long)s->rows.live_keys,
		             s->status_hash, r->hash_kv);
}

static void print_json(struct jsonout *o, const char *name,
                       const struct verify_report *r)
{
	jsonout_object(o, NULL);
	jsonout_str(o, "file", name);
	jsonout_str(o, "form", archive_in_form_text(r->form));
	jsonout_bool(o, "ok", r->ok);
	jsonout_list(o, "checks");
	for (enum verify_check c = 0; c < VERIFY_N; c++) {
		jsonout_object(o, NULL);
		jsonout_str(o, "name", verify_name(c));
		jsonout_str(o, "result",
		            manifest_result_word(r->checks[c].result));
		jsonout_str(o, "note", r->checks[c].note);
		jsonout_end(o);
	}
	jsonout_end(o);
	jsonout_u64(o, "revision", r->sum.revision);
	jsonout_u64(o, "liveKeys", r->sum.rows.live_keys);
	jsonout_fmt(o, "hash", "%08x", r->sum.status_hash);
	jsonout_u64(o, "hashKv", r->hash_kv);
	jsonout_u64(o, "findings", r->findings.count);
	jsonout_end(o);
}

/* A name of the folder first, then a path. */
static int open_file(struct store *store, const struct catalog *list,
                     const char *name, struct err *e)
{
	const struct catalog_entry *en =
	        store != NULL ? catalog_find(list, name) : NULL;
	int fd;

	if (en != NULL)
		return store_open(store, en->name, &fd, e) < 0 ? -1 : fd;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_set(e, ERR_MISSING, "no snapshot '%s'", name);
	return err_sys(e, "cannot open '%s'", name);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;

	p->total_bytes = total;
	progress_add(p, done - p->done_bytes);
}

struct batch {
	const struct settings *s;
	struct store *store;
	struct catalog list;
	struct jsonout *out;
	enum err_kind worst;
};

static void note(struct batch *b, enum err_kind kind)
{
	/* Damage outranks what merely could not be looked at. */
	if (b->worst == ERR_NONE || kind == ERR_CORRUPT)
		b->worst = kind;
}

static void check_one(struct batch *b, const char *name)
{
	struct verify_report r = VERIFY_REPORT_INIT;
	struct progress bar;
	const struct verify_options o = {
		.spill_dir = "/tmp", .progress = on_progress, .arg = &bar,
		.stop = &settings_stop,
	};
	struct err e = ERR_INIT;
	int fd = open_file(b->store, &b->list, name, &e), rc = -1;

	progress_start(&bar, 2, "verify", 0, 0);
	if (fd >= 0)
		rc = verify_file(fd, &o, &r, &e);
	progress_end(&bar);
	if (rc < 0) {
		(void)err_wrap(&e, "verify '%s'", name);
		(void)settings_fail(&e);
		note(b, e.kind);
	} else if (b->s->json) {
		print_json(b->out, name, &r);
	} else {
		print_text(name, &r);
	}
	if (rc == 0 && !r.ok)
		note(b, ERR_CORRUPT);
	verify_clear(&r);
	if (fd >= 0)
		(void)close(fd);
}

/* Without a name: every snapshot of the folder. */
static void check_all(struct batch *b)
{
	for (size_t i = 0; i < b->list.count && settings_stop == 0; i++)
		if (catalog_is_snapshot(&b->list.entries[i]) ||
		    b->list.entries[i].kind == CATALOG_DAMAGED)
			check_one(b, b->list.entries[i].name);
}

int check_run(void *config, int argc, char **argv)
{
	struct buf text = BUF_INIT((size_t)64 << 20);
	struct jsonout o = JSONOUT_INIT(&text, 1);
	struct batch b = { .s = config, .list = CATALOG_INIT, .out = &o };
	struct err e = ERR_INIT;

	/* A path needs no folder; a name does, and is missed below then. */
	if (folder_work_open(b.s, &b.store, &b.list, &e) < 0 && argc == 0)
		return settings_fail(&e);
	jsonout_list(&o, NULL);
	for (int i = 0; i < argc && settings_stop == 0; i++)
		check_one(&b, argv[i]);
	if (argc == 0)
		check_all(&b);
	jsonout_end(&o);
	if (b.s->json && text.data != NULL)
		(void)printf("%s\n", text.data);
	buf_close(&text);
	catalog_clear(&b.list);
	store_close(b.store);
	return err_exit_code(b.worst);
}
