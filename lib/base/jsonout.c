#include "base/jsonout.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX (UINT64_C(1) << 53)

/* Bytes of the UTF-8 character at `s`, or 0 when it is not one. */
static size_t utf8(const unsigned char *s)
{
	uint32_t c;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] < 0xe0)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		n = 4;
	else
		return 0;
	c = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)))
		return 0;
	return c >= 0xd800 && c < 0xe000 ? 0 : n;
}

static void quote(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_append(b, "\"", 1);
	while (*s != '\0') {
		size_t n = utf8(s);

		if (n == 0)
			buf_puts(b, "\xef\xbf\xbd");
		else if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if (*s == '\n')
			buf_puts(b, "\\n");
		else if (*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\u%04x", *s);
		else
			buf_append(b, s, n);
		s += n == 0 ? 1 : n;
	}
	buf_append(b, "\"", 1);
}

static void newline(struct jsonout *o)
{
	if (!o->indent)
		return;
	buf_append(o->b, "\n", 1);
	for (int i = 0; i < o->depth; i++)
		buf_append(o->b, "  ", 2);
}

/* What stands before a value: comma, line, name. */
static void before(struct jsonout *o, const char *key)
{
	if (o->depth == 0)
		return;
	assert((key == NULL) == o->list[o->depth - 1]);
	if (o->more[o->depth - 1])
		buf_append(o->b, ",", 1);
	o->more[o->depth - 1] = 1;
	newline(o);
	if (key != NULL) {
		quote(o->b, key);
		buf_puts(o->b, o->indent ? ": " : ":");
	}
}

static void open_one(struct jsonout *o, const char *key, _Bool list)
{
	assert(o->depth < JSONOUT_DEPTH);
	before(o, key);
	buf_puts(o->b, list ? "[" : "{");
	o->list[o->depth] = list;
	o->more[o->depth] = 0;
	o->depth++;
}

void jsonout_object(struct jsonout *o, const char *key)
{
	open_one(o, key, 0);
}

void jsonout_list(struct jsonout *o, const char *key)
{
	open_one(o, key, 1);
}

void jsonout_end(struct jsonout *o)
{
	assert(o->depth > 0);
	o->depth--;
	if (o->more[o->depth])
		newline(o);
	buf_puts(o->b, o->list[o->depth] ? "]" : "}");
	if (o->depth == 0 && o->indent)
		buf_append(o->b, "\n", 1);
}

void jsonout_str(struct jsonout *o, const char *key, const char *value)
{
	before(o, key);
	if (value == NULL)
		buf_puts(o->b, "null");
	else
		quote(o->b, value);
}

void jsonout_fmt(struct jsonout *o, const char *key, const char *fmt, ...)
{
	char text[BUF_MAX_LINE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	jsonout_str(o, key, text);
}

void jsonout_u64(struct jsonout *o, const char *key, uint64_t value)
{
	const char *q = value > EXACT_MAX ? "\"" : "";

	before(o, key);
	buf_printf(o->b, "%s%" PRIu64 "%s", q, value, q);
}

void jsonout_i64(struct jsonout *o, const char *key, int64_t value)
{
	if (value >= 0) {
		jsonout_u64(o, key, (uint64_t)value);
		return;
	}
	before(o, key);
	if (value < -(int64_t)EXACT_MAX)
		buf_printf(o->b, "\"%" PRId64 "\"", value);
	else
		buf_printf(o->b, "%" PRId64, value);
}

void jsonout_hex(struct jsonout *o, const char *key, uint64_t value)
{
	before(o, key);
	buf_printf(o->b, "\"%" PRIx64 "\"", value);
}

void jsonout_bool(struct jsonout *o, const char *key, _Bool value)
{
	before(o, key);
	buf_puts(o->b, value ? "true" : "false");
}
