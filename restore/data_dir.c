#include "data_dir.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "intake.h"
#include "layout.h"
#include "mvcc/refit.h"
#include "mvcc/revision.h"
#include "raft/bootstrap.h"
#include "versions.h"

enum { TOKEN_RANDOM = 8, DENSE_FILL = 100 };

struct job {
	const struct data_dir_options *o;
	struct data_dir_report *r;
	struct members members;
	const struct members_one *self;
	struct intake in;
	struct layout to;
	struct refit refit;
};

__attribute__((format(printf, 2, 3)))
static void warn(struct job *j, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_puts(&j->r->warnings, line);
	buf_puts(&j->r->warnings, "\n");
}

/* ---- the plan ---- */

static int choose_token(struct job *j, struct err *e)
{
	unsigned char random[TOKEN_RANDOM];
	char hex[2 * TOKEN_RANDOM + 1];
	char *out = j->r->token;

	if (j->o->token != NULL) {
		if (strlen(j->o->token) > DATA_DIR_TOKEN_MAX)
			return err_set(e, ERR_USAGE, "the cluster token is "
			               "longer than %d bytes",
			               DATA_DIR_TOKEN_MAX);
		(void)strcpy(out, j->o->token);
		return 0;
	}
	if (digest_random(random, sizeof(random), e) < 0)
		return -1;
	digest_hex(random, sizeof(random), hex);
	(void)snprintf(out, DATA_DIR_TOKEN_MAX + 1, "lifeboat-%s", hex);
	return 0;
}

static int plan(struct job *j, struct err *e)
{
	const struct data_dir_options *o = j->o;
	struct data_dir_report *r = j->r;

	if ((o->bump_revision > 0) != o->mark_compacted)
		return err_set(e, ERR_USAGE, "--bump-revision and "
		               "--mark-compacted go together");
	if (choose_token(j, e) < 0 ||
	    members_parse(&j->members, o->initial_cluster, r->token, e) < 0 ||
	    members_self(&j->members, o->name, o->peer_urls, &j->self, e) < 0)
		return -1;
	r->member_id = j->self->id;
	r->cluster_id = j->members.cluster_id;
	r->members = j->members.n;
	if (o->token == NULL && j->members.n > 1)
		warn(j, "the token is random: give --initial-cluster-token %s "
		     "to the restore of every other member", r->token);
	return 0;
}

/* ---- the database ---- */

static int plan_refit(struct job *j, struct tree *t, struct err *e)
{
	struct refit_member list[MEMBERS_MAX];
	struct buf json[MEMBERS_MAX];
	struct refit_options opts = {
		.members = list, .n_members = j->members.n,
		.index = bootstrap_index(&j->members), .term = BOOTSTRAP_TERM,
		.bump_revision = j->o->bump_revision,
		.clear_alarms = j->o->clear_alarms,
	};
	int rc = 0;

	for (size_t i = 0; i < j->members.n; i++) {
		json[i] = (struct buf)BUF_INIT(MEMBERS_JSON_MAX);
		members_json(&j->members.list[i], &json[i]);
		if (rc == 0)
			rc = buf_check(&json[i], e);
		list[i].id = j->members.list[i].id;
		list[i].json = json[i].data;
	}
	if (rc == 0)
		rc = refit_plan(&j->refit, t, &opts, e);
	for (size_t i = 0; i < j->members.n; i++)
		buf_close(&json[i]);
	return rc;
}

/* The database lies at `fd`, judged or being judged: make the new one of it,
 * in the same file or densely in another. */
static int refit(struct job *j, int fd, _Bool in_place, struct err *e)
{
	struct tree t = TREE_INIT;
	struct outfile out = OUTFILE_INIT;
	struct meta m = { .pages = 0 };
	int rc = tree_open(&t, fd, e);

	if (rc == 0)
		rc = plan_refit(j, &t, e);
	if (rc == 0)
		rc = outfile_open(&out, j->to.db, in_place ? t.meta.pages *
		                  t.meta.page_size : 0, "db", e);
	if (rc == 0)
		rc = in_place ? patch_in_place(&j->refit.patch, &t, &out, &m, e)
		              : patch_rewrite(&j->refit.patch, &t, DENSE_FILL,
		                              &out, &m, e);
	if (rc == 0)
		rc = outfile_flush(&out, e);
	j->r->size_bytes = m.pages * m.page_size;
	outfile_close(&out);
	tree_close(&t);
	return rc;
}

static int copy_to(struct job *j, int fd, _Bool passing, struct err *e)
{
	struct outfile out = OUTFILE_INIT;
	int rc = outfile_open(&out, fd, 0, "db", e);

	out.lazy = passing;
	if (rc == 0)
		rc = intake_copy(&j->in, &out, e);
	if (rc == 0)
		rc = outfile_flush(&out, e);
	outfile_close(&out);
	return rc;
}

static int sync_db(struct job *j, struct err *e)
{
	if (fsync(j->to.db) < 0)
		return err_sys(e, "cannot sync the database");
	return 0;
}

/* Copy, judge, and change the few pages that must change.  The digest takes
 * longest; while it is made, the disk gets its work. */
static int make_plainly(struct job *j, struct err *e)
{
	if (copy_to(j, j->to.db, 0, e) < 0 ||
	    layout_put_raft(&j->to, &j->members, j->self, e) < 0 ||
	    sync_db(j, e) < 0 || intake_judge(&j->in, e) < 0)
		return -1;
	/* Behind a database copied from a member there is free space. */
	if (ftruncate(j->to.db, (off_t)(j->in.image.sum.pages *
	              j->in.image.sum.page_size)) < 0)
		return err_sys(e, "cannot cut 'db' to its size");
	return refit(j, j->to.db, 1, e);
}

/* Out of an archive: through a nameless file, for trees are not read in the
 * order of the file. */
static int make_dense_from_archive(struct job *j, struct err *e)
{
	int fd = openat(j->to.snap, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, "cannot make a temporary file");
	rc = copy_to(j, fd, 1, e);
	if (rc == 0)
		rc = intake_judge(&j->in, e);
	if (rc == 0)
		rc = refit(j, fd, 0, e);
	(void)close(fd);
	return rc;
}

/* The check and the rewriting read the same file at the same time. */
static int make_dense(struct job *j, struct err *e)
{
	struct err why;
	int rc;

	if (layout_put_raft(&j->to, &j->members, j->self, e) < 0)
		return -1;
	if (!intake_is_plain(&j->in))
		return make_dense_from_archive(j, e);
	if (intake_inspect(&j->in, e) < 0)
		return -1;
	rc = refit(j, j->in.fd, 0, &why);
	/* Where both fail, the check knows better what is damaged. */
	if (intake_judge(&j->in, e) < 0)
		return -1;
	if (rc < 0)
		*e = why;
	return rc;
}

/* ---- what came of it ---- */

/* The row of a jump ahead, for the hash: as if it had been there. */
static int count_bump(struct job *j, struct rows *rows, struct err *e)
{
	const struct patch *p = &j->refit.patch;
	const struct row row = {
		.main = j->refit.revision, .blank = 1,
		.key = rows_fingerprint(rows, "", 0),
		.len = (uint32_t)p->key_len,
		.crc = crc32c_update(0, p->key, p->key_len),
	};
	const struct rows_run run = {
		.first = rows->n_rows, .count = 1,
	};

	if (rows_add(rows, &row, e) < 0)
		return -1;
	return rows_append_run(rows, &run, e);
}

static int sum_up(struct job *j, struct err *e)
{
	struct data_dir_report *r = j->r;
	struct image *im = &j->in.image;
	const struct image_summary *s = &im->sum;

	/* Two readers of one database, each with its own code. */
	if (s->revision + j->o->bump_revision != j->refit.revision)
		return err_set(e, ERR_CORRUPT, "the database is at revision %"
		               PRIu64 " by its pages and at %" PRIu64
		               " by its tree", s->revision,
		               j->refit.revision - j->o->bump_revision);
	r->old_revision = s->revision;
	r->revision = j->refit.revision;
	r->compact_revision = image_effective_compaction(s);
	r->keys = s->rows.live_keys;
	r->leases = s->leases;
	r->form = archive_in_form_text(j->in.form);
	r->had_digest = j->in.has_digest;
	(void)snprintf(r->storage_version, sizeof(r->storage_version), "%s",
	               s->storage_version);
	(void)snprintf(r->cluster_version, sizeof(r->cluster_version), "%s",
	               s->cluster_version);
	if (j->o->bump_revision > 0) {
		r->compact_revision = (int64_t)r->revision;
		if (count_bump(j, &im->rows, e) < 0)
			return -1;
	}
	return image_hash_kv(im, r->revision, r->compact_revision, &r->hash_kv,
	                     e);
}

static int judge_versions(struct job *j, struct err *e)
{
	const struct image_summary *s = &j->in.image.sum;
	char text[VERSIONS_TEXT] = "";

	if (versions_judge(s->storage_version, s->cluster_version,
	                   j->o->server_version, text, e) < 0)
		return -1;
	if (text[0] != '\0')
		warn(j, "%s", text);
	if (!j->in.has_digest)
		warn(j, "the database had no digest: what was not yet written "
		     "to it when it was copied is missing, and damage inside "
		     "of values cannot be told");
	if (j->refit.nospace > 0 && !j->o->clear_alarms)
		warn(j, "a NOSPACE alarm is kept: the cluster refuses writes "
		     "until it is disarmed, or restore with --clear-alarms");
	if (j->refit.corrupt > 0)
		warn(j, "a CORRUPT alarm is kept: the members of the old "
		     "cluster did not hold the same data");
	return 0;
}

/* ---- the story ---- */

static int make(struct job *j, struct err *e)
{
	const struct data_dir_options *o = j->o;

	j->to.has_owner = o->has_owner;
	j->to.uid = o->uid;
	j->to.gid = o->gid;
	if (plan(j, e) < 0 ||
	    layout_open(&j->to, o->data_dir, o->wal_dir, e) < 0 ||
	    intake_open(&j->in, o->file, o->no_digest, j->to.data.dir, e) < 0)
		return -1;
	if ((o->compact ? make_dense(j, e) : make_plainly(j, e)) < 0 ||
	    judge_versions(j, e) < 0 || sum_up(j, e) < 0)
		return -1;
	if (sync_db(j, e) < 0)
		return -1;
	return layout_publish(&j->to, e);
}

int data_dir_make(const struct data_dir_options *o, struct data_dir_report *r,
                  struct err *e)
{
	struct job j = { .o = o, .r = r, .members = MEMBERS_INIT,
	                 .in = INTAKE_INIT, .to = LAYOUT_INIT,
	                 .refit = REFIT_INIT };
	int64_t start = clock_monotonic_ms();
	int rc = make(&j, e);

	r->time_ms = (uint64_t)(clock_monotonic_ms() - start);
	refit_close(&j.refit);
	intake_close(&j.in);
	layout_close(&j.to);
	members_close(&j.members);
	return rc;
}

void data_dir_report_close(struct data_dir_report *r)
{
	buf_close(&r->warnings);
}
