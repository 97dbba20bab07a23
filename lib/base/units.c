#include "base/units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t worth;
};

/* Largest first.  A worth of at most 2^40 keeps six digits of fraction within
 * 64 bits. */
static const struct unit durations[] = {
	{ "w", 604800000 }, { "d", 86400000 }, { "h", 3600000 },
	{ "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
static const struct unit sizes[] = {
	{ "TiB", UINT64_C(1) << 40 }, { "GiB", UINT64_C(1) << 30 },
	{ "MiB", UINT64_C(1) << 20 }, { "KiB", UINT64_C(1) << 10 },
	{ "TB", UINT64_C(1000000000000) }, { "GB", UINT64_C(1000000000) },
	{ "MB", UINT64_C(1000000) }, { "KB", UINT64_C(1000) }, { "B", 1 },
};
enum {
	DURATIONS = sizeof(durations) / sizeof(durations[0]),
	SIZES = sizeof(sizes) / sizeof(sizes[0]),
	FRACTION = 1000000,
};

struct number {
	uint64_t whole, millionths;
};

enum outcome { FINE, NOT_ONE, TOO_LARGE };

static _Bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum outcome read_number(const char **at, struct number *n)
{
	uint64_t digit, scale = FRACTION;

	n->whole = n->millionths = 0;
	if (!is_digit(**at))
		return NOT_ONE;
	for (; is_digit(**at); (*at)++) {
		digit = (uint64_t)(**at - '0');
		if (__builtin_mul_overflow(n->whole, 10, &n->whole) ||
		    __builtin_add_overflow(n->whole, digit, &n->whole))
			return TOO_LARGE;
	}
	if (**at != '.')
		return FINE;
	if (!is_digit(*++*at))
		return NOT_ONE;
	for (; is_digit(**at); (*at)++) {
		scale /= 10;
		if (scale == 0)
			return NOT_ONE;
		n->millionths += (uint64_t)(**at - '0') * scale;
	}
	return FINE;
}

static enum outcome add(uint64_t *sum, const struct number *n, uint64_t worth)
{
	uint64_t part = (n->millionths * worth + FRACTION - 1) / FRACTION;
	uint64_t whole;

	if (__builtin_mul_overflow(n->whole, worth, &whole) ||
	    __builtin_add_overflow(*sum, whole, sum) ||
	    __builtin_add_overflow(*sum, part, sum))
		return TOO_LARGE;
	return FINE;
}

/* The letters that follow, after at most one blank. */
static size_t read_word(const char **at)
{
	size_t n = 0;

	if (**at == ' ')
		(*at)++;
	while (((*at)[n] | 32) >= 'a' && ((*at)[n] | 32) <= 'z')
		n++;
	return n;
}

static enum outcome read_duration(const char *at, uint64_t *ms)
{
	struct number n;
	enum outcome rc;
	size_t len, i, next = 0;

	*ms = 0;
	if (strcmp(at, "0") == 0)
		return FINE;
	do {
		rc = read_number(&at, &n);
		if (rc != FINE)
			return rc;
		len = read_word(&at);
		for (i = next; i < DURATIONS; i++)
			if (strlen(durations[i].name) == len &&
			    memcmp(durations[i].name, at, len) == 0)
				break;
		if (i == DURATIONS)
			return NOT_ONE;
		next = i + 1;
		rc = add(ms, &n, durations[i].worth);
		if (rc != FINE)
			return rc;
		at += len;
		if (at[0] == ' ' && at[1] != '\0')
			at++;
	} while (*at != '\0');
	return *ms > INT64_MAX ? TOO_LARGE : FINE;
}

static enum outcome read_size(const char *at, uint64_t *bytes)
{
	struct number n;
	enum outcome rc = read_number(&at, &n);
	size_t i;

	*bytes = 0;
	if (rc != FINE)
		return rc;
	if (*at == '\0')
		return n.millionths == 0 ? add(bytes, &n, 1) : NOT_ONE;
	(void)read_word(&at);
	for (i = 0; i < SIZES; i++)
		if (strcasecmp(sizes[i].name, at) == 0)
			return add(bytes, &n, sizes[i].worth);
	return NOT_ONE;
}

static int refuse(enum outcome why, const char *what, const char *text,
                  const char *example, struct err *e)
{
	if (why == TOO_LARGE)
		return err_set(e, ERR_USAGE, "%s '%.64s' is too large", what,
		               text);
	return err_set(e, ERR_USAGE, "not a %s: '%.64s' (as in %s)", what, text,
	               example);
}

int units_parse_ms(const char *text, int64_t *out_ms, struct err *e)
{
	uint64_t ms;
	enum outcome rc = read_duration(text, &ms);

	if (rc != FINE)
		return refuse(rc, "duration", text, "90s, 1h30m, 7d", e);
	*out_ms = (int64_t)ms;
	return 0;
}

int units_parse_bytes(const char *text, uint64_t *out_bytes, struct err *e)
{
	uint64_t bytes;
	enum outcome rc = read_size(text, &bytes);

	if (rc != FINE)
		return refuse(rc, "size", text, "64MiB, 1.5GiB, 4096", e);
	*out_bytes = bytes;
	return 0;
}

/* The two largest units, d to s, rounded to the second of them. */
static void format_long(const char *sign, uint64_t ms, char *out)
{
	const struct unit *u = durations + 1;
	uint64_t whole, rest;

	/* Rounding may lift it to the next larger unit, so round first. */
	while (u[1].worth > 1000 && ms < u->worth)
		u++;
	ms = (ms + u[1].worth / 2) / u[1].worth * u[1].worth;
	if (u > durations + 1 && ms >= u[-1].worth)
		u--;
	whole = ms / u->worth;
	rest = ms % u->worth / u[1].worth;
	if (rest == 0)
		(void)snprintf(out, UNITS_TEXT, "%s%llu%s", sign,
		               (unsigned long long)whole, u->name);
	else
		(void)snprintf(out, UNITS_TEXT, "%s%llu%s %llu%s", sign,
		               (unsigned long long)whole, u->name,
		               (unsigned long long)rest, u[1].name);
}

void units_format_ms(int64_t ms, char out[UNITS_TEXT])
{
	const char *sign = ms < 0 ? "-" : "";
	uint64_t n = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	unsigned tenths;

	if (n >= 59950) {
		format_long(sign, n, out);
	} else if (n < 1000) {
		(void)snprintf(out, UNITS_TEXT, "%s%u ms", sign, (unsigned)n);
	} else {
		tenths = ((unsigned)n + 50) / 100;
		(void)snprintf(out, UNITS_TEXT, "%s%u.%u s", sign, tenths / 10,
		               tenths % 10);
	}
}

void units_format_bytes(uint64_t bytes, char out[UNITS_TEXT])
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	uint64_t worth = 1, whole, tenths;
	int i = 0;

	if (bytes < 1024) {
		(void)snprintf(out, UNITS_TEXT, "%u B", (unsigned)bytes);
		return;
	}
	/* Go on while it would round to 1024.0 of this unit. */
	while (i < 4 && (i == 0 ? bytes >= 1024 :
	                 bytes >= worth * 1024 - worth / 20)) {
		worth *= 1024;
		i++;
	}
	whole = bytes / worth;
	tenths = (bytes % worth * 10 + worth / 2) / worth;
	if (tenths == 10) {
		whole++;
		tenths = 0;
	}
	(void)snprintf(out, UNITS_TEXT, "%llu.%u %s",
	               (unsigned long long)whole, (unsigned)tenths, names[i]);
}
