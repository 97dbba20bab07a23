#include "raft/url.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Port and host are there, and nothing after them.  A host with colons stands
 * in brackets. */
static _Bool is_host_port(const char *s)
{
	const char *port = strrchr(s, ':');
	size_t host = port == NULL ? 0 : (size_t)(port - s);
	char *end;
	long n;

	if (host == 0 || !isdigit((unsigned char)port[1]))
		return 0;
	n = strtol(port + 1, &end, 10);
	if (*end != '\0' || end - port > 6 || n < 1 || n > 65535)
		return 0;
	if (s[0] == '[')
		return host > 2 && memchr(s, ']', host) == s + host - 1;
	return memchr(s, ':', host) == NULL && strpbrk(s, "[]") == NULL;
}

static int check_network(const char *url, const char *host, struct err *e)
{
	const char *slash = strpbrk(host, "/?#@");

	if (slash != NULL && *slash == '/')
		return err_set(e, ERR_USAGE,
		               "url must not contain a path: '%s'", url);
	if (slash != NULL)
		return err_set(e, ERR_USAGE, "url must be scheme, host and "
		               "port alone: '%s'", url);
	if (!is_host_port(host))
		return err_set(e, ERR_USAGE, "url does not have the form "
		               "scheme://host:port: '%s'", url);
	return 0;
}

static int check(const char *url, struct err *e)
{
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}%", *p) != NULL)
			return err_set(e, ERR_USAGE, "url has a character that "
			               "does not belong in it: '%s'", url);
	if (strncmp(url, "http://", 7) == 0)
		return check_network(url, url + 7, e);
	if (strncmp(url, "https://", 8) == 0)
		return check_network(url, url + 8, e);
	if (strncmp(url, "unix://", 7) == 0 && url[7] != '\0')
		return 0;
	if (strncmp(url, "unixs://", 8) == 0 && url[8] != '\0')
		return 0;
	return err_set(e, ERR_USAGE, "url scheme must be http, https, unix or "
	               "unixs: '%s'", url);
}

int url_read(const char *text, size_t len, char *out, size_t size,
             struct err *e)
{
	char *p;

	while (len > 0 && isspace((unsigned char)text[0])) {
		text++;
		len--;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (len >= size)
		return err_set(e, ERR_USAGE, "url is longer than %zu bytes: "
		               "'%.60s...'", size - 1, text);
	(void)snprintf(out, size, "%.*s", (int)len, text);
	for (p = out; *p != '\0' && *p != ':'; p++)
		*p = (char)tolower((unsigned char)*p);
	return check(out, e);
}
