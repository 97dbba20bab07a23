#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *buf_reserve(struct buf *b, size_t len)
{
	size_t want, cap = b->cap;
	char *p;

	/* One byte more than asked for: the terminating NUL. */
	if (b->failed || len > b->max || b->len > b->max - len) {
		b->failed = 1;
		return NULL;
	}
	want = b->len + len + 1;
	if (want > cap) {
		cap = cap < 64 ? 64 : cap + cap / 2;
		if (cap < want)
			cap = want;
		p = realloc(b->data, cap);
		if (p == NULL) {
			b->failed = 1;
			return NULL;
		}
		b->data = p;
		b->cap = cap;
	}
	b->data[b->len] = '\0';
	return b->data + b->len;
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	char *p = buf_reserve(b, len);

	if (p == NULL)
		return;
	if (len > 0)
		(void)memcpy(p, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char *p;
	int n;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (p = buf_reserve(b, (size_t)n)) == NULL) {
		b->failed = 1;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

int buf_check(const struct buf *b, struct err *e)
{
	if (b->failed)
		return err_set(e, ERR_SYS,
		               "text is longer than %zu bytes, "
		               "or out of memory",
		               b->max);
	return 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buf_close(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT(b->max);
}
