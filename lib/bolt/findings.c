#include "bolt/findings.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void findings_add(struct findings *f, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (f->count++ >= FINDINGS_KEPT)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_puts(&f->text, line);
	buf_puts(&f->text, "\n");
}

int findings_check(const struct findings *f, struct err *e)
{
	const char *end;
	int n;

	if (f->count == 0)
		return 0;
	if (f->text.data == NULL)
		return err_nomem(e);
	end = strchr(f->text.data, '\n');
	n = end == NULL ? 0 : (int)(end - f->text.data);
	if (f->count == 1)
		return err_set(e, ERR_CORRUPT, "%.*s", n, f->text.data);
	return err_set(e, ERR_CORRUPT, "%.*s (and %" PRIu64 " more)", n,
	               f->text.data, f->count - 1);
}

void findings_close(struct findings *f)
{
	buf_close(&f->text);
	f->count = 0;
}

const char *findings_key(const void *key, size_t len, char *out)
{
	const unsigned char *k = key;
	size_t shown = len < 40 ? len : 40, n = 0;
	_Bool text = len > 0;

	for (size_t i = 0; i < shown; i++)
		text = text && isprint(k[i]) && k[i] != '\'';
	for (size_t i = 0; i < shown; i++)
		n += (size_t)snprintf(out + n, FINDINGS_KEY - n,
		                      text ? "%c" : "%02x", k[i]);
	(void)snprintf(out + n, FINDINGS_KEY - n, "%s",
	               len > shown ? "..." : "");
	return out;
}
