#include "mvcc/refit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bolt/bytes.h"
#include "mvcc/record.h"
#include "mvcc/revision.h"

enum { NOSPACE = 1, CORRUPT = 2 };      /* etcdserverpb.AlarmType */

static int copy_bucket(struct tree *t, const char *name, struct entries *out,
                       struct err *e)
{
	struct tree_bucket b;
	struct tree_cursor c;
	struct page_item it;
	_Bool found;

	if (tree_bucket(t, name, &b, e) < 0)
		return e->kind == ERR_MISSING ? 0 : -1;
	if (tree_first(&c, t, &b, e) < 0)
		return -1;
	for (;;) {
		if (tree_next(&c, &it, &found, e) < 0)
			return -1;
		if (!found)
			return 0;
		if (entries_put(out, it.key, it.key_len, it.value,
		                it.value_len, e) < 0)
			return err_wrap(e, "bucket '%s'", name);
	}
}

static int plan_members(struct refit *r, const struct refit_options *opts,
                        struct err *e)
{
	char id[17];

	for (size_t i = 0; i < opts->n_members; i++) {
		const struct refit_member *m = &opts->members[i];

		(void)snprintf(id, sizeof(id), "%" PRIx64, m->id);
		if (entries_put(&r->members, id, strlen(id), m->json,
		                strlen(m->json), e) < 0)
			return -1;
	}
	return 0;
}

static int put_u64(struct entries *s, const char *key, uint64_t v,
                   struct err *e)
{
	unsigned char b[8];

	bytes_put_be64(b, v);
	return entries_put(s, key, strlen(key), b, sizeof(b), e);
}

static int plan_meta(struct refit *r, struct tree *t,
                     const struct refit_options *opts, struct err *e)
{
	static const char *const dropped[] = { "confState", "storageVersion" };

	if (copy_bucket(t, "meta", &r->meta, e) < 0 ||
	    put_u64(&r->meta, "consistent_index", opts->index, e) < 0 ||
	    put_u64(&r->meta, "term", opts->term, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		entries_delete(&r->meta, dropped[i], strlen(dropped[i]));
	return 0;
}

/* 0 when the key is no alarm. */
static uint64_t alarm_type(const struct entries_item *it)
{
	const unsigned char *at = it->key, *end = it->key + it->key_len;
	struct record_field f;
	uint64_t type = 0;

	while (at < end) {
		if (!record_field(&f, &at, end))
			return 0;
		if (f.number == 2 && f.type == 0)
			type = f.varint;
	}
	return type;
}

static int plan_alarms(struct refit *r, struct tree *t,
                       const struct refit_options *opts, struct err *e)
{
	if (copy_bucket(t, "alarm", &r->alarm, e) < 0)
		return -1;
	for (size_t i = 0; i < r->alarm.n; ) {
		const struct entries_item *it = &r->alarm.items[i];
		uint64_t type = alarm_type(it);

		r->nospace += type == NOSPACE;
		r->corrupt += type == CORRUPT;
		if (type == NOSPACE && opts->clear_alarms)
			entries_delete(&r->alarm, it->key, it->key_len);
		else
			i++;
	}
	return 0;
}

/* A compaction counts as a revision: its rows may all be gone. */
static void see_compaction(struct refit *r, const char *key)
{
	const struct entries_item *it = entries_find(&r->meta, key,
	                                             strlen(key));
	struct revision rev;

	if (it != NULL && revision_parse(&rev, it->value, it->value_len) &&
	    rev.main > r->revision)
		r->revision = rev.main;
}

static int find_revision(struct refit *r, struct tree *t, struct err *e)
{
	struct tree_bucket b;
	struct page_item it;
	struct revision rev;
	_Bool found;

	if (tree_bucket(t, "key", &b, e) < 0 ||
	    tree_last(t, &b, &it, &found, e) < 0)
		return -1;
	r->revision = 1;                /* of a store never written to */
	if (found && !revision_parse(&rev, it.key, it.key_len))
		return err_set(e, ERR_CORRUPT, "bucket 'key': the last key is "
		               "no revision");
	if (found)
		r->revision = rev.main;
	see_compaction(r, "finishedCompactRev");
	see_compaction(r, "scheduledCompactRev");
	return 0;
}

static int plan_bump(struct refit *r, uint64_t by, struct err *e)
{
	struct revision rev = { .sub = 0 };

	if (by == 0)
		return 0;
	if (by > INT64_MAX / 2 || r->revision > INT64_MAX / 2)
		return err_set(e, ERR_USAGE, "a jump by %" PRIu64
		               " goes beyond the largest revision", by);
	r->revision += by;
	rev.main = r->revision;
	r->patch.append_to = "key";
	r->patch.key = r->row_key;
	r->patch.key_len = revision_format(&rev, r->row_key);
	/* The row has no value: a deleted key without a name. */
	r->patch.value = r->row_key + r->patch.key_len;
	r->patch.value_len = 0;
	return entries_put(&r->meta, "scheduledCompactRev", 19, r->row_key,
	                   r->patch.key_len, e);
}

int refit_plan(struct refit *r, struct tree *t,
               const struct refit_options *opts, struct err *e)
{
	const struct patch_bucket buckets[REFIT_BUCKETS] = {
		{ "members", &r->members }, { "members_removed", &r->removed },
		{ "cluster", &r->cluster }, { "meta", &r->meta },
		{ "alarm", &r->alarm },
	};

	*r = (struct refit)REFIT_INIT;
	(void)memcpy(r->buckets, buckets, sizeof(buckets));
	r->patch.replace = r->buckets;
	r->patch.n_replace = REFIT_BUCKETS;
	if (plan_members(r, opts, e) < 0 || plan_meta(r, t, opts, e) < 0 ||
	    plan_alarms(r, t, opts, e) < 0 || find_revision(r, t, e) < 0)
		return -1;
	return plan_bump(r, opts->bump_revision, e);
}

void refit_close(struct refit *r)
{
	entries_close(&r->members);
	entries_close(&r->removed);
	entries_close(&r->cluster);
	entries_close(&r->meta);
	entries_close(&r->alarm);
}
