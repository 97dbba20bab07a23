#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static struct {
	int fd;
	enum log_level level;
	_Bool json;
} to = { .fd = 2, .level = LOG_WARN };

static const char *const words[] = { "debug", "info", "warn", "error" };

struct line {
	char text[LOG_LINE];
	size_t len;
};

void log_open(int fd, enum log_level level, _Bool json)
{
	to.fd = fd;
	to.level = level;
	to.json = json;
}

/* Room is left for what closes a line. */
static void put(struct line *l, const char *s, size_t n)
{
	if (n > sizeof(l->text) - 8 - l->len)
		n = sizeof(l->text) - 8 - l->len;
	(void)memcpy(l->text + l->len, s, n);
	l->len += n;
}

static void puts_(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Length of the UTF-8 sequence at `s`, 0 when it is not one. */
static size_t utf8(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	           : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
	           : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void put_escaped(struct line *l, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	char hex[8];

	while (*p != '\0') {
		size_t n = utf8(p);

		if (*p == '"' || *p == '\\') {
			put(l, "\\", 1);
			put(l, (const char *)p, 1);
		} else if (*p == '\n') {
			put(l, "\\n", 2);
		} else if (*p < 0x20 || *p == 0x7f || n == 0) {
			(void)snprintf(hex, sizeof(hex), "\\u%04x", *p);
			put(l, hex, 6);
		} else {
			put(l, (const char *)p, n);
		}
		p += n == 0 ? 1 : n;
	}
}

static void put_quoted(struct line *l, const char *s)
{
	put(l, "\"", 1);
	put_escaped(l, s);
	put(l, "\"", 1);
}

/* In text a value needs quotes when it is more than one plain word. */
static _Bool plain(const char *s)
{
	if (*s == '\0')
		return 0;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s == '"' || *s == '\\' || *s == '=' ||
		    (unsigned char)*s >= 0x7f)
			return 0;
	return 1;
}

static void put_field(struct line *l, const struct log_field *f)
{
	char number[24];

	if (to.json) {
		put(l, ",", 1);
		put_quoted(l, f->key);
		put(l, ":", 1);
	} else {
		put(l, " ", 1);
		puts_(l, f->key);
		put(l, "=", 1);
	}
	(void)snprintf(number, sizeof(number), "%" PRId64, f->number);
	if (f->text == NULL)
		puts_(l, number);
	else if (to.json || !plain(f->text))
		put_quoted(l, f->text);
	else
		puts_(l, f->text);
}

void log_fields(enum log_level level, const char *event,
                const struct log_field *const *fields)
{
	struct line l = { .len = 0 };
	char time[CLOCK_TEXT], head[96];

	if (level < to.level)
		return;
	clock_format_utc(clock_wall_ns(), time);
	(void)snprintf(head, sizeof(head), to.json
	               ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":"
	               : "%s %-5s ", time, words[level]);
	puts_(&l, head);
	if (to.json)
		put_quoted(&l, event);
	else
		puts_(&l, event);
	for (; *fields != NULL; fields++)
		put_field(&l, *fields);
	(void)strcpy(l.text + l.len, to.json ? "}\n" : "\n");
	l.len += to.json ? 2 : 1;
	if (write(to.fd, l.text, l.len) < 0)
		return;                 /* nowhere left to say so */
}
