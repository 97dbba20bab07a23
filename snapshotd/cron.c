#include "cron.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "zone.h"

#define DAY ((int64_t)86400)
#define TIME_MAX ((int64_t)253402300799)        /* the last second of 9999 */
/* A date with a weekday comes again within 28 years, 40 across 2100. */
enum { DAYS_MAX = 41 * 366 };

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun",
	"jul", "aug", "sep", "oct", "nov", "dec", NULL
};
static const char *const wday_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};

static const struct field {
	const char *name;
	unsigned lo, hi;
	const char *const *words;       /* words[0] means `lo` */
} fields[] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of month", 1, 31, NULL },
	{ "month", 1, 12, month_names },
	{ "day of week", 0, 7, wday_names },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static const struct {
	const char *name, *text;
} nicknames[] = {
	{ "@hourly", "0 * * * *" },
	{ "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" },
	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* ---- reading an expression ---- */

struct reader {
	const char *text, *p;           /* the whole, and where we are */
	const struct field *f;
};

static int column(const struct reader *r)
{
	return (int)(r->p - r->text) + 1;
}

static int read_number(struct reader *r, unsigned lo, unsigned hi,
                       unsigned *out, struct err *e)
{
	unsigned v = 0;
	int n = 0;

	for (; n < 4 && isdigit((unsigned char)r->p[n]); n++)
		v = v * 10 + (unsigned)(r->p[n] - '0');
	while (isdigit((unsigned char)r->p[n]))
		n++;
	if (n > 4 || v < lo || v > hi)
		return err_set(e, ERR_USAGE,
		               "%s field, column %d: '%.*s' is not in %u-%u",
		               r->f->name, column(r), n, r->p, lo, hi);
	r->p += n;
	*out = v;
	return 0;
}

static int read_value(struct reader *r, unsigned *out, struct err *e)
{
	int n = 0;

	if (isdigit((unsigned char)*r->p))
		return read_number(r, r->f->lo, r->f->hi, out, e);
	while (isalpha((unsigned char)r->p[n]))
		n++;
	for (unsigned i = 0; n == 3 && r->f->words && r->f->words[i]; i++) {
		if (strncasecmp(r->f->words[i], r->p, 3) == 0) {
			r->p += n;
			*out = r->f->lo + i;
			return 0;
		}
	}
	if (n > 0 && r->f->words != NULL)
		return err_set(e, ERR_USAGE,
		               "%s field, column %d: unknown name '%.*s'",
		               r->f->name, column(r), n > 20 ? 20 : n, r->p);
	if (*r->p == '\0' || isspace((unsigned char)*r->p))
		return err_set(e, ERR_USAGE,
		               "%s field, column %d: a value is missing",
		               r->f->name, column(r));
	return err_set(e, ERR_USAGE, "%s field, column %d: unexpected '%c'",
	               r->f->name, column(r),
	               isprint((unsigned char)*r->p) ? *r->p : '?');
}

/* "*", "a" or "a-b"; *wide tells whether a step may follow. */
static int read_range(struct reader *r, unsigned *a, unsigned *b, _Bool *wide,
                      struct err *e)
{
	int start = column(r);

	*a = r->f->lo;
	*b = r->f->hi;
	*wide = 1;
	if (*r->p == '*') {
		r->p++;
		return 0;
	}
	if (read_value(r, a, e) < 0)
		return -1;
	*b = *a;
	*wide = *r->p == '-';
	if (!*wide)
		return 0;
	r->p++;
	if (read_value(r, b, e) < 0)
		return -1;
	if (r->f->words == wday_names && *b == 0 && *a > 0)
		*b = 7;
	if (*a > *b)
		return err_set(e, ERR_USAGE,
		               "%s field, column %d: the range runs backwards",
		               r->f->name, start);
	return 0;
}

static int read_item(struct reader *r, uint64_t *bits, struct err *e)
{
	unsigned a, b, step = 1;
	_Bool wide;

	if (read_range(r, &a, &b, &wide, e) < 0)
		return -1;
	if (*r->p == '/') {
		if (!wide)
			return err_set(e, ERR_USAGE, "%s field, column %d: "
			               "a step needs a range or '*' before it",
			               r->f->name, column(r));
		r->p++;
		if (!isdigit((unsigned char)*r->p))
			return err_set(e, ERR_USAGE, "%s field, column %d: "
			               "a step is a number",
			               r->f->name, column(r));
		if (read_number(r, 1, r->f->hi, &step, e) < 0)
			return -1;
	}
	for (unsigned v = a; v <= b; v += step)
		*bits |= UINT64_C(1) << v;
	return 0;
}

static int read_field(struct reader *r, uint64_t *out, struct err *e)
{
	uint64_t bits = 0;

	for (;;) {
		if (read_item(r, &bits, e) < 0)
			return -1;
		if (*r->p != ',')
			break;
		r->p++;
	}
	if (*r->p != '\0' && !isspace((unsigned char)*r->p))
		return err_set(e, ERR_USAGE,
		               "%s field, column %d: unexpected '%c'",
		               r->f->name, column(r),
		               isprint((unsigned char)*r->p) ? *r->p : '?');
	*out = bits;
	return 0;
}

/* The expression that "@word" stands for, or NULL. */
static const char *expand(const char *text)
{
	for (size_t i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++)
		if (strcasecmp(text, nicknames[i].name) == 0)
			return nicknames[i].text;
	return NULL;
}

static int read_fields(struct cron *c, const char *text, struct err *e)
{
	struct reader r = { .text = text, .p = text };
	uint64_t bits[FIELDS];
	_Bool star[FIELDS];

	if (*text == '@' && (r.text = r.p = expand(text)) == NULL)
		return err_set(e, ERR_USAGE, "unknown word\nhint: one of "
		               "@hourly, @daily, @weekly, @monthly, @yearly, "
		               "or five fields");
	for (int i = 0; i < FIELDS; i++) {
		while (isspace((unsigned char)*r.p))
			r.p++;
		if (*r.p == '\0')
			return err_set(e, ERR_USAGE, "the %s field is missing, "
			               "%d of 5 fields are there",
			               fields[i].name, i);
		r.f = &fields[i];
		star[i] = *r.p == '*';
		if (read_field(&r, &bits[i], e) < 0)
			return -1;
	}
	while (isspace((unsigned char)*r.p))
		r.p++;
	if (*r.p != '\0')
		return err_set(e, ERR_USAGE,
		               "column %d: text after the fifth field",
		               column(&r));
	c->minute = bits[0];
	c->hour = (uint32_t)bits[1];
	c->mday = (uint32_t)bits[2];
	c->month = (uint32_t)bits[3];
	c->wday = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f);
	c->mday_star = star[2];
	c->wday_star = star[4];
	return 0;
}

/* ---- slots ---- */

static _Bool fires_on(const struct cron *c, int64_t day)
{
	time_t t = (time_t)(day * DAY);
	struct tm tm;
	_Bool m, w;

	if (gmtime_r(&t, &tm) == NULL || !(c->month >> (tm.tm_mon + 1) & 1))
		return 0;
	m = c->mday >> tm.tm_mday & 1;
	w = c->wday >> tm.tm_wday & 1;
	return c->mday_star || c->wday_star ? m && w : m || w;
}

/* The first time of day at or after `min` minutes that fires, or -1. */
static int minute_of_day(const struct cron *c, int min)
{
	for (; min < 24 * 60; min++) {
		if (!(c->hour >> (min / 60) & 1))
			min += 59 - min % 60;
		else if (c->minute >> (min % 60) & 1)
			return min;
	}
	return -1;
}

static int next_in(const struct cron *c, const struct zone *z, int64_t after,
                   int64_t *out, struct err *e)
{
	int64_t shown, day, t;
	int min;

	if (after < 0 || after > TIME_MAX)
		return err_set(e, ERR_USAGE, "time is out of range: %lld",
		               (long long)after);
	/* Whatever the clock shows before this fired before `after`, for
	 * zone_moment() never runs backwards. */
	shown = zone_wall(z, after);
	day = (shown >= 0 ? shown : shown - DAY + 1) / DAY;
	min = (int)((shown - day * DAY) / 60);
	for (int i = 0; i < DAYS_MAX; i++, day++, min = 0) {
		if (!fires_on(c, day))
			continue;
		for (; (min = minute_of_day(c, min)) >= 0; min++) {
			t = zone_moment(z, day * DAY + min * 60);
			if (t > after) {
				*out = t;
				return 0;
			}
		}
	}
	return err_set(e, ERR_USAGE, "the expression never fires");
}

static int last_in(const struct cron *c, const struct zone *z, int64_t at,
                   int64_t *out, struct err *e)
{
	int64_t lo = 0, hi = at, mid, t;

	if (next_in(c, z, lo, &t, e) < 0)
		return -1;
	if (t > at)
		return err_set(e, ERR_MISSING, "no slot so early");
	/* The slot after `lo` is not past `at`; the one after `hi` is. */
	while (lo + 1 < hi) {
		mid = lo + (hi - lo) / 2;
		if (next_in(c, z, mid, &t, e) < 0)
			return -1;
		if (t <= at)
			lo = mid;
		else
			hi = mid;
	}
	return next_in(c, z, lo, out, e);
}

int cron_parse(struct cron *c, const char *text, const char *zone,
               struct err *e)
{
	struct zone utc = ZONE_INIT;
	struct cron n = { .minute = 0 };
	int64_t t;

	if (zone == NULL || *zone == '\0')
		zone = "UTC";
	if (strlen(text) > CRON_TEXT_MAX)
		return err_set(e, ERR_USAGE,
		               "a cron expression of more than %d bytes",
		               CRON_TEXT_MAX);
	if (zone_check(zone, e) < 0)
		return -1;
	if (read_fields(&n, text, e) < 0 || next_in(&n, &utc, 0, &t, e) < 0)
		return err_wrap(e, "cron expression '%s'", text);
	(void)snprintf(n.text, sizeof(n.text), "%s", text);
	(void)snprintf(n.zone, sizeof(n.zone), "%s", zone);
	*c = n;
	return 0;
}

int cron_next(const struct cron *c, int64_t after, int64_t *out, struct err *e)
{
	struct zone z = ZONE_INIT;
	int rc;

	if (zone_enter(&z, c->zone, e) < 0)
		return -1;
	rc = next_in(c, &z, after, out, e);
	zone_leave(&z);
	return rc;
}

int cron_last(const struct cron *c, int64_t at, int64_t *out, struct err *e)
{
	struct zone z = ZONE_INIT;
	int rc;

	if (zone_enter(&z, c->zone, e) < 0)
		return -1;
	rc = last_in(c, &z, at, out, e);
	zone_leave(&z);
	return rc;
}

int cron_longest_gap(const struct cron *c, int64_t from, int64_t until,
                     int64_t *out, struct err *e)
{
	struct zone z = ZONE_INIT;
	struct err ignored = ERR_INIT;
	int64_t slot, next, longest = 0;
	int rc = -1;

	if (zone_enter(&z, c->zone, e) < 0)
		return -1;
	if (last_in(c, &z, from, &slot, &ignored) < 0)
		slot = from;
	do {
		if (next_in(c, &z, slot, &next, e) < 0)
			goto out;
		if (next - slot > longest)
			longest = next - slot;
		slot = next;
	} while (slot < until);
	*out = longest;
	rc = 0;
out:
	zone_leave(&z);
	return rc;
}
