#include "snapshot/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "snapshot/manifest_parse.h"

/* A part as it was read, to be compared with the manifest, which comes last. */
struct seen {
	enum part_role role;
	uint64_t size;
	unsigned char sha256[DIGEST_LEN];
};

struct run {
	const struct verify_options *o;
	struct verify_report *r;
	struct archive_in *in;
	struct image image;
	struct digest digest;
	struct seen seen[ARCHIVE_IN_PARTS];
	size_t n_seen;
	uint64_t done;                  /* bytes of the database */
};

const char *verify_name(enum verify_check c)
{
	static const char *const names[] = {
#define X(check, name, text) name,
		VERIFY_CHECKS(X)
#undef X
	};

	return names[c];
}

const char *verify_text(enum verify_check c)
{
	static const char *const texts[] = {
#define X(check, name, text) text,
		VERIFY_CHECKS(X)
#undef X
	};

	return texts[c];
}

void verify_clear(struct verify_report *r)
{
	manifest_clear(&r->manifest);
	findings_close(&r->findings);
}

__attribute__((format(printf, 4, 5)))
static void set(struct run *v, enum verify_check c, enum manifest_result result,
                const char *fmt, ...)
{
	struct verify_result *res = &v->r->checks[c];
	va_list ap;

	res->result = result;
	va_start(ap, fmt);
	(void)vsnprintf(res->note, sizeof(res->note), fmt, ap);
	va_end(ap);
}

static void pass(struct run *v, enum verify_check c)
{
	set(v, c, MANIFEST_OK, "%s", "");
}

/* Damage is a result; anything else that goes wrong ends the run. */
static int damage(struct run *v, enum verify_check c, struct err *e)
{
	if (e->kind != ERR_CORRUPT)
		return -1;
	set(v, c, MANIFEST_FAILED, "%s", e->text);
	return 0;
}

static int stopped(const struct run *v, struct err *e)
{
	if (v->o->stop == NULL || *v->o->stop == 0)
		return 0;
	return err_set(e, ERR_STOPPED, "stopped by a signal");
}

/* ---- the database ---- */

/* Feed a block to the digest, and what of it belongs to the image to the
 * checker; the trailer is kept.  Once the checker gave up only the digest goes
 * on. */
static int take_block(struct run *v, const unsigned char *data, size_t len,
                      uint64_t image_bytes, unsigned char *trailer,
                      _Bool *broken, struct err *e)
{
	uint64_t left = v->done < image_bytes ? image_bytes - v->done : 0;
	size_t body = len < left ? len : (size_t)left;

	digest_update(&v->digest, data, body);
	if (!*broken && image_feed(&v->image, data, body, e) < 0) {
		if (damage(v, VERIFY_PAGES, e) < 0)
			return -1;
		*broken = 1;
	}
	if (len > body)
		(void)memcpy(trailer + (v->done + body - image_bytes),
		             data + body, len - body);
	v->done += len;
	if (v->o->progress != NULL)
		v->o->progress(v->o->arg, v->done, v->image.scan.image_size);
	return stopped(v, e);
}

static int check_trailer(struct run *v, const unsigned char *trailer,
                         struct seen *s, struct err *e)
{
	unsigned char sha256[DIGEST_LEN];
	char is[DIGEST_HEX + 1], should[DIGEST_HEX + 1];

	if (digest_so_far(&v->digest, sha256, e) < 0)
		return -1;
	digest_hex(sha256, DIGEST_LEN, is);
	digest_hex(trailer, DIGEST_LEN, should);
	if (memcmp(sha256, trailer, DIGEST_LEN) == 0)
		pass(v, VERIFY_DIGEST);
	else
		set(v, VERIFY_DIGEST, MANIFEST_FAILED,
		    "the database has sha-256 %s, not %s", is, should);
	digest_update(&v->digest, trailer, DIGEST_LEN);
	return digest_final(&v->digest, s->sha256, e);
}

static int judge_image(struct run *v, struct err *e)
{
	struct verify_report *r = v->r;
	struct image_summary *s = &v->image.sum;

	if (image_finish(&v->image, e) < 0)
		return damage(v, VERIFY_PAGES, e);
	if (image_hash_kv(&v->image, s->revision,
	                  image_effective_compaction(s), &r->hash_kv, e) < 0)
		return -1;
	r->sum = *s;
	if (findings_check(&v->image.findings, e) < 0)
		return damage(v, VERIFY_PAGES, e);
	pass(v, VERIFY_PAGES);
	return 0;
}

static int take_database(struct run *v, const struct part *p, struct seen *s,
                         struct err *e)
{
	_Bool has = archive_in_has_trailer(p->size), broken = 0;
	uint64_t image_bytes = p->size - (has ? DIGEST_LEN : 0);
	unsigned char trailer[DIGEST_LEN];
	const void *data;
	size_t len;

	if (image_open(&v->image, image_bytes, has, v->o->spill_dir, e) < 0)
		return -1;
	v->r->has_database = 1;
	v->r->image_bytes = image_bytes;
	do {
		if (archive_in_read(v->in, &data, &len, e) < 0 ||
		    take_block(v, data, len, image_bytes, trailer, &broken,
		               e) < 0)
			return -1;
	} while (len > 0);
	if (has && check_trailer(v, trailer, s, e) < 0)
		return -1;
	if (!has) {
		set(v, VERIFY_DIGEST, MANIFEST_SKIPPED,
		    "the database carries no digest");
		if (digest_final(&v->digest, s->sha256, e) < 0)
			return -1;
	}
	return broken ? 0 : judge_image(v, e);
}

/* ---- the other parts ---- */

static int take_small(struct run *v, const struct part *p, struct seen *s,
                      struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_STATE);
	int rc = archive_in_slurp(v->in, &text, e);

	if (rc == 0) {
		digest_update(&v->digest, text.data, text.len);
		rc = digest_final(&v->digest, s->sha256, e);
	}
	if (rc == 0 && p->role == PART_MANIFEST) {
		if (manifest_parse(&v->r->manifest, text.data, text.len,
		                   e) == 0)
			v->r->has_manifest = 1;
		else
			rc = damage(v, VERIFY_MANIFEST, e);
	}
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_close(&text);
	return rc;
}

static int take_part(struct run *v, const struct part *p, struct err *e)
{
	struct seen *s;

	if (v->n_seen == ARCHIVE_IN_PARTS)
		return err_set(e, ERR_CORRUPT, "too many parts");
	s = &v->seen[v->n_seen];
	s->role = p->role;
	s->size = p->size;
	if (digest_init(&v->digest, e) < 0)
		return -1;
	if (p->role == PART_DATABASE ? take_database(v, p, s, e) < 0
	                             : take_small(v, p, s, e) < 0)
		return -1;
	v->n_seen++;
	return 0;
}

static int read_all(struct run *v, struct err *e)
{
	const struct part *p;

	for (;;) {
		if (archive_in_next(v->in, &p, e) < 0)
			return -1;
		if (p == NULL)
			return 0;
		if (take_part(v, p, e) < 0)
			return -1;
	}
}

/* ---- against the manifest ---- */

static enum part_role role_of(const char *name)
{
	static const struct {
		const char *name;
		enum part_role role;
	} known[] = {
		{ PART_NAME_DATABASE, PART_DATABASE },
		{ PART_NAME_CONFIG, PART_CONFIG },
		{ PART_NAME_STATE, PART_STATE },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].role;
	return PART_OTHER;
}

static void compare_parts(struct run *v)
{
	const struct manifest *m = &v->r->manifest;

	pass(v, VERIFY_PARTS);
	for (size_t i = 0; i < m->part_count; i++) {
		const struct manifest_part *p = &m->parts[i];
		const struct seen *s = NULL;

		for (size_t k = 0; k < v->n_seen; k++)
			if (v->seen[k].role == role_of(p->name))
				s = &v->seen[k];
		if (s == NULL)
			set(v, VERIFY_PARTS, MANIFEST_FAILED,
			    "part '%s' is missing", p->name);
		else if (s->size != p->size ||
		         memcmp(s->sha256, p->sha256, DIGEST_LEN) != 0)
			set(v, VERIFY_PARTS, MANIFEST_FAILED,
			    "part '%s' is not the one that was written",
			    p->name);
	}
}

static void compare_numbers(struct run *v)
{
	const struct manifest *m = &v->r->manifest;
	const struct image_summary *s = &v->r->sum;
	const struct {
		const char *what;
		uint64_t manifest, database;
	} pairs[] = {
		{ "revision", m->revision, s->revision },
		{ "status hash", m->status_hash, s->status_hash },
		{ "total keys", m->total_keys, s->entries },
		{ "live keys", m->live_keys, s->rows.live_keys },
		{ "raft index", m->raft_index, s->consistent_index },
		{ "size", m->image_size, v->r->image_bytes },
	};

	pass(v, VERIFY_MANIFEST);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].manifest != pairs[i].database) {
			set(v, VERIFY_MANIFEST, MANIFEST_FAILED, "%s: the "
			    "manifest says %" PRIu64 ", the database %" PRIu64,
			    pairs[i].what, pairs[i].manifest,
			    pairs[i].database);
			return;
		}
}

static int compare_hash(struct run *v, struct err *e)
{
	const struct manifest *m = &v->r->manifest;
	uint32_t hash;

	if (image_hash_kv(&v->image, m->hash_revision,
	                  m->hash_compact_revision, &hash, e) < 0)
		return -1;
	if (hash != m->hash)
		set(v, VERIFY_HASH_KV, MANIFEST_FAILED, "the database hashes "
		    "to %" PRIu32 ", the manifest says %" PRIu32, hash,
		    m->hash);
	else if (m->verdict == MANIFEST_DIVERGED)
		set(v, VERIFY_HASH_KV, MANIFEST_FAILED, "when it was taken, "
		    "a member held different data");
	else if (m->verdict == MANIFEST_UNPROVEN)
		set(v, VERIFY_HASH_KV, MANIFEST_SKIPPED, "when it was taken, "
		    "not every voting member could be compared");
	else
		pass(v, VERIFY_HASH_KV);
	return 0;
}

static int compare(struct run *v, struct err *e)
{
	if (!v->r->has_manifest)
		return 0;
	compare_parts(v);
	if (v->r->checks[VERIFY_PAGES].result != MANIFEST_OK)
		return 0;
	compare_numbers(v);
	return compare_hash(v, e);
}

/* ---- the whole ---- */

/* The index at the end of an archive, that listing goes by: a reader of the
 * stream passes over it.  Without one the archive was packed by other means. */
static int check_index(struct run *v, int fd, struct err *e)
{
	struct manifest m = MANIFEST_INIT;
	int rc = 0;

	if (v->r->form == ARCHIVE_IN_TAR_ZSTD &&
	    v->r->checks[VERIFY_FILE].result == MANIFEST_OK &&
	    manifest_parse_fast(&m, fd, e) < 0 && e->kind != ERR_MISSING &&
	    e->kind != ERR_REFUSED)
		rc = damage(v, VERIFY_FILE, e);
	manifest_clear(&m);
	return rc;
}

static void begin(struct run *v)
{
	for (enum verify_check c = 0; c < VERIFY_N; c++)
		set(v, c, MANIFEST_SKIPPED, c < VERIFY_PARTS
		    ? "not reached" : "there is no manifest to compare with");
	pass(v, VERIFY_FILE);
}

static void conclude(struct run *v)
{
	struct verify_report *r = v->r;

	if (!r->has_database &&
	    r->checks[VERIFY_FILE].result != MANIFEST_FAILED)
		set(v, VERIFY_FILE, MANIFEST_FAILED, "holds no database");
	r->ok = r->has_database;
	for (enum verify_check c = 0; c < VERIFY_N; c++)
		r->ok = r->ok && r->checks[c].result != MANIFEST_FAILED;
}

int verify_file(int fd, const struct verify_options *o,
                struct verify_report *out, struct err *e)
{
	struct run v = {
		.o = o, .r = out, .image = IMAGE_INIT, .digest = DIGEST_INIT,
	};
	int rc;

	begin(&v);
	rc = archive_in_open_fd(&v.in, fd, e);
	if (rc == 0) {
		out->form = archive_in_form(v.in);
		rc = read_all(&v, e);
	}
	if (rc < 0)
		rc = damage(&v, VERIFY_FILE, e);
	if (rc == 0)
		rc = check_index(&v, fd, e);
	if (rc == 0)
		rc = compare(&v, e);
	if (rc == 0)
		conclude(&v);
	/* The words about the damage outlive the image. */
	out->findings = v.image.findings;
	v.image.findings = (struct findings)FINDINGS_INIT;
	archive_in_close(v.in);
	image_close(&v.image);
	digest_clear(&v.digest);
	return rc;
}
