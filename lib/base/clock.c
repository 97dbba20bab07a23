#include "base/clock.h"

#include <string.h>
#include <time.h>

int64_t clock_wall_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * CLOCK_NS + t.tv_nsec;
}

int64_t clock_monotonic_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void format(int64_t wall_ns, _Bool compact, char *out)
{
	time_t s = (time_t)(wall_ns / CLOCK_NS);
	struct tm tm;
	size_t n = 0;

	if (wall_ns >= 0 && gmtime_r(&s, &tm) != NULL && compact)
		n = strftime(out, CLOCK_TEXT, "%Y%m%dT%H%M%SZ", &tm);
	else if (wall_ns >= 0 && gmtime_r(&s, &tm) != NULL)
		n = strftime(out, CLOCK_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	out[n] = '\0';
}

void clock_format_utc(int64_t wall_ns, char out[CLOCK_TEXT])
{
	format(wall_ns, 0, out);
}

void clock_format_compact(int64_t wall_ns, char out[CLOCK_TEXT])
{
	format(wall_ns, 1, out);
}

/* Read `n` digits; false when they are not there. */
static _Bool digits(const char **at, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--, (*at)++) {
		if (**at < '0' || **at > '9')
			return 0;
		*out = *out * 10 + (**at - '0');
	}
	return 1;
}

static _Bool literal(const char **at, char c, _Bool compact)
{
	if (compact)
		return 1;
	if (**at != c)
		return 0;
	(*at)++;
	return 1;
}

static _Bool fraction(const char **at, int64_t *ns)
{
	int64_t unit = CLOCK_NS / 10;

	*ns = 0;
	if (**at != '.')
		return 1;
	(*at)++;
	if (**at < '0' || **at > '9')
		return 0;
	for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
		*ns += (**at - '0') * unit;
	return 1;
}

static _Bool offset(const char **at, int *minutes)
{
	int sign = **at == '-' ? -1 : 1, h, m;

	*minutes = 0;
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return 1;
	}
	if (**at != '+' && **at != '-')
		return 0;
	(*at)++;
	if (!digits(at, 2, &h) || !literal(at, ':', 0) || !digits(at, 2, &m) ||
	    h > 23 || m > 59)
		return 0;
	*minutes = sign * (h * 60 + m);
	return 1;
}

static _Bool in_range(const struct tm *tm)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	int y = tm->tm_year + 1900;
	int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return y >= 1970 && tm->tm_mon >= 0 && tm->tm_mon < 12 &&
	       tm->tm_mday >= 1 &&
	       tm->tm_mday <= days[tm->tm_mon] + (tm->tm_mon == 1 && leap) &&
	       tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

static _Bool read_time(const char *at, int64_t *out)
{
	_Bool compact = strlen(at) >= 9 && (at[8] == 'T' || at[8] == 't');
	struct tm tm = { 0 };
	int64_t ns, s, sum;
	int minutes;

	if (!digits(&at, 4, &tm.tm_year) || !literal(&at, '-', compact) ||
	    !digits(&at, 2, &tm.tm_mon) || !literal(&at, '-', compact) ||
	    !digits(&at, 2, &tm.tm_mday) || (*at != 'T' && *at != 't'))
		return 0;
	at++;
	if (!digits(&at, 2, &tm.tm_hour) || !literal(&at, ':', compact) ||
	    !digits(&at, 2, &tm.tm_min) || !literal(&at, ':', compact) ||
	    !digits(&at, 2, &tm.tm_sec) || !fraction(&at, &ns) ||
	    !offset(&at, &minutes) || *at != '\0')
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!in_range(&tm))
		return 0;
	s = (int64_t)timegm(&tm) - minutes * INT64_C(60);
	if (s < 0 || __builtin_mul_overflow(s, CLOCK_NS, &sum) ||
	    __builtin_add_overflow(sum, ns, &sum))
		return 0;
	*out = sum;
	return 1;
}

int clock_parse(const char *text, int64_t *out_wall_ns, struct err *e)
{
	if (!read_time(text, out_wall_ns))
		return err_set(e, ERR_USAGE, "not a time: '%.64s' "
		               "(as in 2026-11-23T05:06:07Z)", text);
	return 0;
}
