#include "snapshot/name.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REVISION_DIGITS = 12 };

static _Bool is_node(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

void name_make(char out[NAME_MAX_LEN + 1], int64_t when, const char *node,
               uint64_t revision)
{
	char clean[NAME_NODE_MAX + 1];
	time_t t = (time_t)when;
	struct tm tm = { 0 };
	size_t n = 0;

	for (; *node != '\0' && n < NAME_NODE_MAX; node++)
		clean[n++] = is_node(*node) ? *node : '-';
	clean[n] = '\0';
	(void)gmtime_r(&t, &tm);
	(void)snprintf(out, NAME_MAX_LEN + 1,
	               "%04d%02d%02dT%02d%02d%02dZ-%s-r%0*" PRIu64,
	               tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	               tm.tm_hour, tm.tm_min, tm.tm_sec,
	               n > 0 ? clean : "unknown", REVISION_DIGITS, revision);
}

/* Read exactly `n` digits. */
static const char *number(const char *s, int n, int *out)
{
	int v = 0;

	if (s == NULL)
		return NULL;
	for (; n > 0; n--, s++) {
		if (*s < '0' || *s > '9')
			return NULL;
		v = v * 10 + (*s - '0');
	}
	*out = v;
	return s;
}

static const char *expect(const char *s, const char *set)
{
	return s != NULL && *s != '\0' && strchr(set, *s) != NULL ? s + 1
	                                                          : NULL;
}

/* Seconds since 1970 of a calendar time that exists. */
static _Bool to_seconds(struct tm tm, int64_t *out)
{
	struct tm back = tm;
	time_t t;

	if (tm.tm_sec == 60)            /* a leap second counts as the next */
		back.tm_sec = tm.tm_sec = 59;
	t = timegm(&back);
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
	    back.tm_sec != tm.tm_sec)
		return 0;
	*out = (int64_t)t;
	return 1;
}

/* Date and time, with or without '-' and ':' between the numbers. */
static const char *calendar(const char *s, _Bool marks, int64_t *out)
{
	struct tm tm = { 0 };
	int year = 0, month = 0;

	s = number(s, 4, &year);
	s = marks ? expect(s, "-") : s;
	s = number(s, 2, &month);
	s = marks ? expect(s, "-") : s;
	s = number(s, 2, &tm.tm_mday);
	s = expect(s, "Tt");
	s = number(s, 2, &tm.tm_hour);
	s = marks ? expect(s, ":") : s;
	s = number(s, 2, &tm.tm_min);
	s = marks ? expect(s, ":") : s;
	s = number(s, 2, &tm.tm_sec);
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	return s != NULL && to_seconds(tm, out) ? s : NULL;
}

const char *name_time(const char *s, int64_t *out)
{
	int64_t t = 0;
	int hours = 0, minutes = 0, sign;

	s = calendar(s, 1, &t);
	if (s != NULL && *s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++)
			;
	if (s == NULL || *s == '\0')
		return NULL;
	if (*s != 'Z' && *s != 'z') {
		sign = *s == '-' ? -1 : 1;
		s = number(expect(s, "+-"), 2, &hours);
		s = number(expect(s, ":"), 2, &minutes);
		if (s == NULL || hours > 23 || minutes > 59)
			return NULL;
		t -= sign * (hours * 3600 + minutes * 60);
	} else {
		s++;
	}
	*out = t;
	return s;
}

size_t name_stem(const char *file)
{
	static const char *const suffixes[] = { ".tar.zst", ".zip" };
	size_t n = strlen(file);

	for (size_t i = 0; i < 2; i++) {
		size_t m = strlen(suffixes[i]);

		if (n > m && strcmp(file + n - m, suffixes[i]) == 0)
			return n - m;
	}
	return n;
}

/* The revision at the end of our name: "r" and digits. */
static _Bool revision(const char *s, uint64_t *out)
{
	size_t n = strlen(s);
	uint64_t v = 0;

	if (*s != 'r' || n < 1 + REVISION_DIGITS || n > 20)
		return 0;
	for (s++; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return 0;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*out = v;
	return 1;
}

/* What follows the time in our name: "-<node>-r<revision>". */
static _Bool ours(const char *s, struct name *n)
{
	const char *end = strrchr(s, '-');
	size_t len;

	if (*s != '-' || end == s || !revision(end + 1, &n->revision))
		return 0;
	len = (size_t)(end - s) - 1;
	if (len == 0 || len > NAME_NODE_MAX)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!is_node(s[1 + i]))
			return 0;
	(void)memcpy(n->node, s + 1, len);
	n->form = NAME_OURS;
	return 1;
}

_Bool name_parse(const char *file, struct name *out)
{
	struct name n = { .form = NAME_RKE };
	char text[NAME_MAX_LEN + 1];
	size_t len = name_stem(file);
	const char *s;

	if (len > NAME_MAX_LEN)
		return 0;
	(void)memcpy(text, file, len);
	text[len] = '\0';
	s = calendar(text, 0, &n.time);
	if (s != NULL && *s == 'Z' && ours(s + 1, &n)) {
		*out = n;
		return 1;
	}
	s = name_time(text, &n.time);
	if (s == NULL || strcmp(s, "_etcd") != 0)
		return 0;
	*out = n;
	return 1;
}

int name_check(const char *text, char out[NAME_MAX_LEN + 1], struct err *e)
{
	size_t n = name_stem(text);

	if (n == 0)
		return err_set(e, ERR_USAGE, "a snapshot's name is empty");
	if (n > NAME_MAX_LEN)
		return err_set(e, ERR_USAGE, "a snapshot's name is longer than "
		               "%d bytes", NAME_MAX_LEN);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return err_set(e, ERR_USAGE, "a snapshot's name holds "
			               "a control character");
	if (strchr(text, '/') != NULL || text[0] == '.' || text[0] == '-')
		return err_set(e, ERR_USAGE, "not a snapshot name: '%s'\n"
		               "hint: no '/' in it, and no '.' or '-' as its "
		               "first character", text);
	(void)memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}
