#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	int code;
	_Bool retry;
} kinds[] = {
#define X(kind, word, code, retry, text) [kind] = { word, code, retry },
	ERR_KINDS(X)
#undef X
};

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	size_t n;
	va_list ap;

	e->kind = ERR_SYS;
	e->sys = saved;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	(void)snprintf(e->text + n, sizeof(e->text) - n, ": %s",
	               strerror(saved));
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	size_t n;
	va_list ap;

	(void)memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	(void)snprintf(e->text + n, sizeof(e->text) - n, ": %s", old);
	return -1;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->text);
	va_list ap;

	if (n + 8 >= sizeof(e->text))
		return -1;
	(void)memcpy(e->text + n, "\nhint: ", 8);
	n += 7;
	va_start(ap, fmt);
	(void)vsnprintf(e->text + n, sizeof(e->text) - n, fmt, ap);
	va_end(ap);
	return -1;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_SYS, "out of memory");
}

int err_exit_code(enum err_kind kind)
{
	return kinds[kind].code;
}

const char *err_word(enum err_kind kind)
{
	return kinds[kind].word;
}

_Bool err_transient(const struct err *e)
{
	if (kinds[e->kind].retry)
		return 1;
	if (e->kind != ERR_SYS)
		return 0;
	switch (e->sys) {
	case EAGAIN: case EINTR: case EMFILE: case ENFILE: case ENOMEM:
	case ETIMEDOUT: case ECONNREFUSED: case ECONNRESET:
		return 1;
	default:
		return 0;
	}
}
