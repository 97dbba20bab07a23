#include "snapshot/retain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The verified snapshots that count, newest first; files of the same second
 * are one. */
struct shot {
	int64_t time;
	int64_t age;            /* on the clock of snapshots */
	char rule[64];          /* what keeps it, or empty */
};

struct line {
	struct shot *v;
	size_t n;
	int64_t now, step;      /* the longest gap that counts */
};

/* No snapshot is older than 1970, whatever its manifest says. */
static int64_t taken(const struct retain_entry *r)
{
	return r->time > 0 ? r->time : 0;
}

static _Bool is_future(const struct retain_entry *r,
                       const struct retain_policy *p)
{
	return taken(r) > p->now && taken(r) - p->now > RETAIN_SLACK;
}

static _Bool is_suspect(const struct retain_entry *r)
{
	return r->verdict == RETAIN_DIVERGED || r->verdict == RETAIN_DAMAGED;
}

static _Bool counts(const struct retain_entry *r, const struct retain_policy *p)
{
	return r->kind == RETAIN_OURS && r->verdict == RETAIN_VERIFIED &&
	       !is_future(r, p);
}

static int newest_first(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	return (x->time < y->time) - (x->time > y->time);
}

static int64_t gap(const struct line *l, int64_t newer, int64_t older)
{
	if (newer <= older)
		return 0;
	return newer - older < l->step ? newer - older : l->step;
}

static int line_init(struct line *l, const struct retain_entry *v, size_t n,
                     const struct retain_policy *p, struct err *e)
{
	unsigned min_keep = p->min_keep > 0 ? p->min_keep : 1;
	int64_t newer = p->now, age = 0;
	size_t k = 0;

	*l = (struct line){ .now = p->now };
	l->step = p->keep_age_s / min_keep;
	l->v = calloc(n + 1, sizeof(*l->v));
	if (l->v == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++)
		if (counts(&v[i], p))
			l->v[k++].time = taken(&v[i]);
	qsort(l->v, k, sizeof(*l->v), newest_first);
	for (size_t i = 0; i < k; i++)
		if (l->n == 0 || l->v[l->n - 1].time != l->v[i].time)
			l->v[l->n++].time = l->v[i].time;
	for (size_t i = 0; i < l->n; i++) {
		age += gap(l, newer, l->v[i].time);
		l->v[i].age = age;
		newer = l->v[i].time;
	}
	return 0;
}

/* How many of the verified ones are newer than `t`? */
static size_t newer_than(const struct line *l, int64_t t)
{
	size_t lo = 0, hi = l->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (l->v[mid].time > t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int64_t age_at(const struct line *l, int64_t t)
{
	size_t k = newer_than(l, t);

	if (k == 0)
		return gap(l, l->now, t);
	return l->v[k - 1].age + gap(l, l->v[k - 1].time, t);
}

/* "90s", "15m", "6h", "3d": the largest unit that divides, days from 4 up. */
static const char *span(int64_t s, char out[24])
{
	if (s >= 4 * 86400 && s % 86400 == 0)
		(void)snprintf(out, 24, "%lldd", (long long)(s / 86400));
	else if (s % 3600 == 0)
		(void)snprintf(out, 24, "%lldh", (long long)(s / 3600));
	else if (s % 60 == 0)
		(void)snprintf(out, 24, "%lldm", (long long)(s / 60));
	else
		(void)snprintf(out, 24, "%llds", (long long)s);
	return out;
}

enum bucket { HOUR, DAY, WEEK, MONTH };

static size_t bucket_name(enum bucket b, int64_t t, char *out, size_t max)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL)
		return 0;
	switch (b) {
	case HOUR:
		return strftime(out, max, "hourly %Y-%m-%dT%H", &tm);
	case DAY:
		return strftime(out, max, "daily %Y-%m-%d", &tm);
	case WEEK:
		return strftime(out, max, "weekly %G-W%V", &tm);
	case MONTH:
		return strftime(out, max, "monthly %Y-%m", &tm);
	}
	return 0;
}

static void keep_buckets(struct line *l, unsigned many, enum bucket b)
{
	char last[sizeof(l->v->rule)] = "", name[sizeof(l->v->rule)];

	for (size_t i = 0; i < l->n && many > 0; i++) {
		if (bucket_name(b, l->v[i].time, name, sizeof(name)) == 0 ||
		    strcmp(name, last) == 0)
			continue;
		(void)strcpy(last, name);
		if (l->v[i].rule[0] == '\0')
			(void)strcpy(l->v[i].rule, name);
		many--;
	}
}

/* Name the rule that keeps each verified snapshot, the plainest first. */
static void apply_rules(struct line *l, const struct retain_policy *p)
{
	unsigned min_keep = p->min_keep > 0 ? p->min_keep : 1;
	char t[24];
	struct shot *s;

	for (size_t i = 0; i < l->n; i++) {
		s = &l->v[i];
		if (i < min_keep)
			(void)snprintf(s->rule, sizeof(s->rule),
			               "newest %u verified", min_keep);
		else if (i < p->keep_count)
			(void)snprintf(s->rule, sizeof(s->rule),
			               "one of the %u newest", p->keep_count);
		else if (p->keep_age_s > 0 && s->age <= p->keep_age_s)
			(void)snprintf(s->rule, sizeof(s->rule),
			               "not older than %s",
			               span(p->keep_age_s, t));
	}
	keep_buckets(l, p->monthly, MONTH);
	keep_buckets(l, p->weekly, WEEK);
	keep_buckets(l, p->daily, DAY);
	keep_buckets(l, p->hourly, HOUR);
}

static void decide(struct retain_entry *r, _Bool keep, const char *reason)
{
	r->keep = keep;
	(void)snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

/* "older than 72h and beyond the 6 newest": what a deleted one has outlived. */
static void outlived(const struct retain_policy *p, struct retain_entry *r)
{
	unsigned min_keep = p->min_keep > 0 ? p->min_keep : 1;
	unsigned newest = p->keep_count > min_keep ? p->keep_count : min_keep;
	_Bool buckets = p->hourly || p->daily || p->weekly || p->monthly;
	char t[24], old[48] = "";

	if (p->keep_age_s > 0)
		(void)snprintf(old, sizeof(old), "older than %s and ",
		               span(p->keep_age_s, t));
	r->keep = 0;
	(void)snprintf(r->reason, sizeof(r->reason), "%sbeyond the %u newest%s",
	               old, newest, buckets ? ", in no generation" : "");
}

/* Not verified: kept while it may still be the best there is. */
static void judge_doubtful(const struct line *l, const struct retain_policy *p,
                           struct retain_entry *r)
{
	static const char *const words[] = {
		[RETAIN_UNKNOWN] = "not verified",
		[RETAIN_UNPROVEN] = "unproven",
		[RETAIN_DIVERGED] = "diverged", [RETAIN_DAMAGED] = "damaged",
	};
	int64_t t = taken(r), limit = p->keep_age_s, age = age_at(l, t);
	unsigned min_keep = p->min_keep > 0 ? p->min_keep : 1;
	const char *w = words[r->verdict];
	char b[24];

	/* Without an age rule gaps are not capped, only the calendar counts. */
	if (is_suspect(r) && limit == 0) {
		limit = RETAIN_SUSPECT_S;
		age = t < p->now ? p->now - t : 0;
	}
	r->keep = 1;
	if (newer_than(l, t) < min_keep) {
		(void)snprintf(r->reason, sizeof(r->reason), "%s, but fewer "
		               "than %u newer are verified", w, min_keep);
	} else if (limit > 0 && age <= limit) {
		(void)snprintf(r->reason, sizeof(r->reason),
		               "%s, not older than %s", w, span(limit, b));
	} else {
		r->keep = 0;
		(void)snprintf(r->reason, sizeof(r->reason),
		               "%s%s%s, with %u newer verified", w,
		               limit > 0 ? ", older than " : "",
		               limit > 0 ? span(limit, b) : "", min_keep);
	}
}

static void judge(const struct line *l, const struct retain_policy *p,
                  struct retain_entry *r)
{
	_Bool rules = p->keep_count || p->keep_age_s || p->hourly || p->daily ||
	              p->weekly || p->monthly;
	const char *rule;

	r->report = r->kind == RETAIN_OURS &&
	            (is_suspect(r) || is_future(r, p));
	if (r->kind != RETAIN_OURS) {
		decide(r, 1, "not ours");
	} else if (r->pinned) {
		decide(r, 1, "pinned");
	} else if (is_future(r, p)) {
		decide(r, 1, "dated in the future");
	} else if (!rules) {
		decide(r, 1, "no rule deletes anything");
	} else if (r->verdict != RETAIN_VERIFIED) {
		judge_doubtful(l, p, r);
	} else {
		rule = l->v[newer_than(l, taken(r))].rule;
		if (rule[0] != '\0')
			decide(r, 1, rule);
		else
			outlived(p, r);
	}
}

int retain_plan(struct retain_entry *v, size_t n, const struct retain_policy *p,
                struct retain_sum *out, struct err *e)
{
	struct retain_sum sum = { .kept = 0 };
	struct line l;

	if (p->keep_age_s < 0)
		return err_set(e, ERR_USAGE,
		               "the age to keep is negative: %llds",
		               (long long)p->keep_age_s);
	if (p->now < 0)
		return err_set(e, ERR_USAGE, "the clock is before 1970");
	if (line_init(&l, v, n, p, e) < 0)
		return -1;
	apply_rules(&l, p);
	for (size_t i = 0; i < n; i++) {
		judge(&l, p, &v[i]);
		sum.reported += v[i].report;
		if (v[i].keep) {
			sum.kept++;
			sum.kept_bytes += v[i].size;
		} else {
			sum.deleted++;
			sum.deleted_bytes += v[i].size;
		}
	}
	free(l.v);
	*out = sum;
	return 0;
}
