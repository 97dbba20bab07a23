#include "schedule.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY ((int64_t)86400)

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int schedule_every(struct schedule *s, int64_t interval_s, struct err *e)
{
	if (interval_s < 1 || interval_s > SCHEDULE_INTERVAL_MAX)
		return err_set(e, ERR_USAGE,
		               "the interval is %llds, not between 1s and 366d",
		               (long long)interval_s);
	s->interval_s = interval_s;
	return 0;
}

int schedule_cron(struct schedule *s, const char *expr, const char *zone,
                  struct err *e)
{
	if (cron_parse(&s->cron, expr, zone, e) < 0)
		return -1;
	s->interval_s = 0;
	return 0;
}

/* FNV-1a, with a finish that lets every bit of the name move every bit. */
static uint64_t hash(uint64_t h, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 33;
}

void schedule_spread(struct schedule *s, const char *node, int64_t spread_s)
{
	struct buf b = BUF_INIT(BUF_MAX_LINE);
	uint64_t h = hash(UINT64_C(0xcbf29ce484222325), node, strlen(node));

	schedule_print(s, &b);
	if (b.data != NULL)
		h = hash(h, b.data, b.len);
	buf_close(&b);
	s->place = (uint32_t)(h >> 32);
	s->spread_s = least(most(spread_s, 0), SCHEDULE_INTERVAL_MAX);
}

/* "90s", "15m", "6h", "3d": the largest unit that divides. */
static const char *span(int64_t s, char out[24])
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = { { DAY, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	int i = 0;

	while (s % units[i].s != 0)
		i++;
	if (s == 0)
		i = 3;
	(void)snprintf(out, 24, "%lld%c", (long long)(s / units[i].s),
	               units[i].unit);
	return out;
}

static const char *stamp(int64_t t, char out[32])
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (gmtime_r(&tt, &tm) == NULL ||
	    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, 32, "%lld", (long long)t);
	return out;
}

void schedule_print(const struct schedule *s, struct buf *b)
{
	char t[24];

	if (s->interval_s > 0)
		buf_printf(b, "every %s", span(s->interval_s, t));
	else
		buf_printf(b, "at '%s' in %s", s->cron.text, s->cron.zone);
}

static int next_slot(const struct schedule *s, int64_t after, int64_t *out,
                     struct err *e)
{
	if (s->interval_s == 0)
		return cron_next(&s->cron, most(after, 0), out, e);
	*out = (most(after, 0) / s->interval_s + 1) * s->interval_s;
	return 0;
}

/* Where on today's wall clock is `t`?  0 when it is not known. */
static int64_t place(const struct schedule_time *t,
                     const struct schedule_time *now)
{
	if (t->mono >= 0 && t->mono <= now->mono)
		return most(now->wall - (now->mono - t->mono), 1);
	if (t->wall <= 0 || t->wall > now->wall + SCHEDULE_SLACK)
		return 0;
	return least(t->wall, now->wall);
}

/* What the decision needs, on one time line. */
struct view {
	int64_t now, good, attempt;     /* 0: unknown */
	int64_t slot, gap;              /* not served yet; to the one after */
	int64_t at;                     /* slot and delay */
	int round;                      /* failed attempts for one slot */
};

static int look(const struct schedule *s, const struct schedule_state *st,
                struct view *v, struct err *e)
{
	int64_t served, next, lenient;

	v->now = st->now.wall;
	v->good = place(&st->good, &st->now);
	v->attempt = place(&st->attempt, &st->now);
	served = most(v->good, v->attempt);
	if (served == 0)
		served = v->now;
	if (next_slot(s, served, &v->slot, e) < 0 ||
	    next_slot(s, v->slot, &next, e) < 0)
		return -1;
	/* A clock that was put back by seconds after a slot was served must
	 * not serve it again. */
	lenient = least((next - v->slot) / 10, 30);
	if (v->slot - served <= lenient) {
		v->slot = next;
		if (next_slot(s, v->slot, &next, e) < 0)
			return -1;
	}
	v->gap = next - v->slot;
	v->at = v->slot + (int64_t)((uint64_t)least(s->spread_s, v->gap / 10) *
	                            s->place >> 32);
	v->round = st->failures > 0 ? (st->failures - 1) % (s->retries + 1) + 1
	                            : 0;
	return 0;
}

static int64_t backoff(const struct schedule *s, int k)
{
	int64_t t = s->retry_first_s;

	while (--k > 0 && t < s->retry_most_s)
		t *= 2;
	return least(t, s->retry_most_s);
}

static void plan_first(const struct view *v, struct schedule_plan *p)
{
	char t[32];

	*p = (struct schedule_plan){ .reason = SCHEDULE_FIRST, .at = v->now };
	if (v->good == 0)
		(void)snprintf(p->why, sizeof(p->why),
		               "first snapshot, there is none yet");
	else
		(void)snprintf(p->why, sizeof(p->why), "first snapshot, "
		               "the last is of %s", stamp(v->good, t));
}

static void plan_retry(const struct schedule *s, const struct view *v,
                       struct schedule_plan *p)
{
	*p = (struct schedule_plan){ .reason = SCHEDULE_RETRY,
	                             .retry = v->round };
	p->at = v->attempt == 0 ? v->now : v->attempt + backoff(s, v->round);
	(void)snprintf(p->why, sizeof(p->why), "retry %d of %d", v->round,
	               s->retries);
}

static void plan_slot(const struct schedule *s, const struct view *v,
                      struct schedule_plan *p)
{
	char t[32];

	*p = (struct schedule_plan){ .at = v->at, .slot = v->slot };
	(void)stamp(v->slot, t);
	if (v->round > s->retries) {
		p->reason = SCHEDULE_RESUME;
		(void)snprintf(p->why, sizeof(p->why), "slot %s after giving "
		               "up on %d retries", t, s->retries);
	} else if (v->now - v->at > least(v->gap / 10, SCHEDULE_SLACK)) {
		p->reason = SCHEDULE_MISSED;
		(void)snprintf(p->why, sizeof(p->why),
		               "slot %s was missed and is made up", t);
	} else {
		p->reason = SCHEDULE_REGULAR;
		(void)snprintf(p->why, sizeof(p->why), "regular slot %s", t);
	}
}

/* Is the newest snapshot older than the schedule's own step? */
static int is_stale(const struct schedule *s, const struct view *v,
                    _Bool *out, struct err *e)
{
	int64_t slot = v->slot;

	*out = 1;
	if (v->good == 0)
		return 0;
	if (s->interval_s > 0) {
		*out = v->now - v->good > s->interval_s;
		return 0;
	}
	/* Two slots have gone by since. */
	if (slot <= v->now && next_slot(s, slot, &slot, e) < 0)
		return -1;
	*out = slot <= v->now;
	return 0;
}

int schedule_next(const struct schedule *s, const struct schedule_state *st,
                  struct schedule_plan *out, struct err *e)
{
	struct schedule_plan p;
	struct view v;
	_Bool stale, fresh_start = st->good.mono < 0 && st->attempt.mono < 0;

	if (look(s, st, &v, e) < 0 || is_stale(s, &v, &stale, e) < 0)
		return -1;
	if (v.round >= 1 && v.round <= s->retries) {
		plan_retry(s, &v, &p);
		if (v.at < p.at)
			plan_slot(s, &v, &p);
	} else if (v.round == 0 && fresh_start && stale) {
		plan_first(&v, &p);
	} else {
		plan_slot(s, &v, &p);
	}
	p.wait_s = most(p.at - v.now, 0);
	*out = p;
	return 0;
}

int64_t schedule_newest(const int64_t *times, size_t n, int64_t now)
{
	int64_t best = 0;

	for (size_t i = 0; i < n; i++)
		if (times[i] <= now + SCHEDULE_SLACK && times[i] > best)
			best = times[i];
	return best;
}

int schedule_allows_age(const struct schedule *s, int64_t now, int64_t *out,
                        struct err *e)
{
	int64_t gap = s->interval_s, age = 2 * s->interval_s;

	if (gap == 0) {
		if (cron_longest_gap(&s->cron, most(now, 0),
		                     most(now, 0) + 8 * DAY, &gap, e) < 0)
			return -1;
		age = gap;
	}
	*out = age + least(s->spread_s, gap / 10) +
	       least(most(gap / 10, 60), 3600);
	return 0;
}

const char *schedule_word(enum schedule_reason reason)
{
	static const char *const words[] = {
#define X(r, word) [r] = word,
		SCHEDULE_REASONS(X)
#undef X
	};

	return words[reason];
}
