#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

/* Kept free for what closes a line that is full. */
enum { TAIL = 32, ROOM = LOG_LINE_MAX - TAIL };
#define EXACT_MAX (UINT64_C(1) << 53)   /* as jsonout does it */

static const char *const words[] = {
	[LOG_DEBUG_LINE] = "debug", [LOG_INFO_LINE] = "info",
	[LOG_WARN_LINE] = "warn", [LOG_ERROR_LINE] = "error",
};
enum { LEVELS = sizeof(words) / sizeof(words[0]) };

static struct {
	int fd;
	enum log_level level;
	_Bool json;
} to = { .fd = -1 };

struct line {
	size_t len;
	_Bool full;
	char text[LOG_LINE_MAX];
};

void log_init(int fd, enum log_level level, _Bool json)
{
	to.fd = fd;
	to.level = level;
	to.json = json;
}

int log_parse_level(const char *word, enum log_level *out, struct err *e)
{
	for (int i = 0; i < LEVELS; i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "not a log level: '%.32s' "
	               "(debug, info, warn, error)", word);
}

_Bool log_wants(enum log_level level)
{
	return to.fd >= 0 && level >= to.level;
}

/* All of it or nothing, so that no escape is cut in two. */
static void put(struct line *l, const char *s, size_t n)
{
	if (l->full || l->len + n > ROOM) {
		l->full = 1;
		return;
	}
	(void)memcpy(l->text + l->len, s, n);
	l->len += n;
}

__attribute__((format(printf, 2, 3)))
static void put_fmt(struct line *l, const char *fmt, ...)
{
	char s[64];
	int n;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(s))
		put(l, s, (size_t)n);
}

/* Escape one character; `n` is 0 for a byte that is none. */
static void put_char(struct line *l, const char *s, size_t n, uint32_t c)
{
	if (n == 0 && to.json)
		put(l, "\\ufffd", 6);
	else if (n == 0)
		put_fmt(l, "\\x%02x", (unsigned char)*s);
	else if (c == '"' || c == '\\')
		put_fmt(l, "\\%c", (char)c);
	else if (c == '\n')
		put(l, "\\n", 2);
	else if (utf8_is_control(c))
		put_fmt(l, "\\u%04x", (unsigned)c);
	else
		put(l, s, n);
}

static void put_quoted(struct line *l, const char *s)
{
	size_t n, left = strnlen(s, LOG_LINE_MAX);
	uint32_t c = 0;

	put(l, "\"", 1);
	for (; left > 0 && !l->full; s += n, left -= n) {
		n = utf8_decode(s, left, &c);
		put_char(l, s, n, c);
		n += n == 0;
	}
}

/* Does it read as one word without quotes? */
static _Bool is_word(const char *s)
{
	size_t n, left = strnlen(s, LOG_LINE_MAX);
	uint32_t c;

	if (left == 0 || left == LOG_LINE_MAX || strcmp(s, "-") == 0)
		return 0;
	for (; left > 0; s += n, left -= n) {
		n = utf8_decode(s, left, &c);
		if (n == 0 || c == ' ' || c == 0xa0 || c == '"' || c == '\\' ||
		    c == '=' || utf8_is_control(c))
			return 0;
	}
	return 1;
}

/* What does not fit is cut; the quote that closes it may use the tail. */
static void put_text(struct line *l, const char *s)
{
	size_t begin = l->len;

	if (s == NULL) {
		put(l, to.json ? "null" : "-", to.json ? 4 : 1);
	} else if (!to.json && is_word(s) && l->len + strlen(s) <= ROOM) {
		put(l, s, strlen(s));
	} else {
		put_quoted(l, s);
		if (l->len > begin)
			l->text[l->len++] = '"';
	}
}

static void put_number(struct line *l, const struct log_field *f)
{
	uint64_t u = f->value.u64;
	int64_t i = f->value.i64;
	const char *q;

	if (f->type == LOG_TYPE_U64) {
		q = to.json && u > EXACT_MAX ? "\"" : "";
		put_fmt(l, "%s%" PRIu64 "%s", q, u, q);
	} else {
		q = to.json && (i > (int64_t)EXACT_MAX ||
		                i < -(int64_t)EXACT_MAX) ? "\"" : "";
		put_fmt(l, "%s%" PRId64 "%s", q, i, q);
	}
}

static void put_field(struct line *l, const struct log_field *f)
{
	const char *q = to.json ? "\"" : "";
	const char *key = f->key != NULL ? f->key : "";
	const char *unit = f->type != LOG_TYPE_MS ? "" :
	                   f->key != NULL ? "_ms" : "ms";
	size_t begin = l->len, value;

	put(l, to.json ? "," : " ", 1);
	put(l, q, strlen(q));
	put(l, key, strlen(key));
	put(l, unit, strlen(unit));
	put(l, q, strlen(q));
	put(l, to.json ? ":" : "=", 1);
	value = l->len;
	if (f->type == LOG_TYPE_TEXT)
		put_text(l, f->value.text);
	else if (f->type == LOG_TYPE_BOOL)
		put_fmt(l, "%s", f->value.flag ? "true" : "false");
	else
		put_number(l, f);
	/* A key without a value would be no JSON. */
	if (l->full && l->len == value)
		l->len = begin;
}

static void put_end(struct line *l)
{
	const char *end = to.json ? (l->full ? ",\"truncated\":true}\n" : "}\n")
	                          : (l->full ? " truncated=true\n" : "\n");
	size_t n = strlen(end);

	(void)memcpy(l->text + l->len, end, n);
	l->len += n;
}

void log_event(enum log_level level, const char *event,
               const struct log_field *fields, size_t n)
{
	struct line l = { .len = 0 };
	char now[CLOCK_TEXT];
	int saved = errno;

	if (!log_wants(level))
		return;
	clock_format_utc(clock_wall_ns(), now);
	if (to.json) {
		put_fmt(&l, "{\"time\":\"%s\",\"level\":\"%s\"", now,
		        words[level]);
		put_field(&l, &LOG_TEXT("event", event));
	} else {
		put_fmt(&l, "%s %-5s ", now, words[level]);
		put_text(&l, event);
	}
	for (size_t i = 0; i < n && !l.full; i++)
		put_field(&l, &fields[i]);
	put_end(&l);
	while (write(to.fd, l.text, l.len) < 0 && errno == EINTR)
		;
	errno = saved;
}
