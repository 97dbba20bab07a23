#include "net/grpc_status.h"

#include <stddef.h>
#include <stdlib.h>

static const struct {
	const char *word;
	enum err_kind kind;
} statuses[] = {
#define X(number, word, kind) [number] = { #word, kind },
	GRPC_STATUSES(X)
#undef X
};

static int known(int status)
{
	int count = (int)(sizeof(statuses) / sizeof(statuses[0]));

	return status >= 0 && status < count ? status : GRPC_STATUS_UNKNOWN;
}

const char *grpc_status_word(int status)
{
	return statuses[known(status)].word;
}

enum err_kind grpc_status_kind(int status)
{
	return statuses[known(status)].kind;
}

int grpc_status_parse(const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end == value || *end != '\0' || n < 0 || n > 16)
		return GRPC_STATUS_UNKNOWN;
	return (int)n;
}

int grpc_status_of_http(int http_status)
{
	switch (http_status) {
	case 400:
		return GRPC_STATUS_INTERNAL;
	case 401:
		return GRPC_STATUS_UNAUTHENTICATED;
	case 403:
		return GRPC_STATUS_PERMISSION_DENIED;
	case 404:
		return GRPC_STATUS_UNIMPLEMENTED;
	case 429: case 502: case 503: case 504:
		return GRPC_STATUS_UNAVAILABLE;
	default:
		return GRPC_STATUS_UNKNOWN;
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void grpc_status_decode(char *message)
{
	unsigned char *out = (unsigned char *)message;

	for (const char *p = message; *p != '\0'; p++) {
		int c = (unsigned char)*p;

		if (c == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			c = hex(p[1]) * 16 + hex(p[2]);
			p += 2;
		}
		*out++ = (unsigned char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	*out = '\0';
}
