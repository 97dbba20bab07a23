#include "etcd/etcd_endpoints.h"

#include <stdio.h>
#include <string.h>

#include "etcd/etcd_client.h"

static int check(const char *url, _Bool tls, struct err *e)
{
	const char *host = strstr(url, "://") + 3;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(e, ERR_USAGE, "endpoint '%s' is neither http "
		               "nor https", url);
	if (strchr(host, '@') != NULL)
		return err_set(e, ERR_USAGE,
		               "an endpoint must not hold a user name");
	if (host[0] == '\0' || strpbrk(host, "/?# \t\r\n\"'\\") != NULL)
		return err_set(e, ERR_USAGE, "endpoint '%s' is not a URL of "
		               "the form https://host:port", url);
	if (tls && strncmp(url, "http://", 7) == 0)
		return err_set(e, ERR_USAGE, "endpoint '%s' would not use the "
		               "TLS files that are given", url);
	return 0;
}

static int take(const char *item, size_t len, _Bool tls, char *url, size_t room,
                struct err *e)
{
	const char *scheme = tls ? "https://" : "http://";
	int n;

	if (memmem(item, len, "://", 3) != NULL)
		scheme = "";
	if (len > 1 && item[len - 1] == '/' && item[len - 2] != '/')
		len--;
	n = snprintf(url, room, "%s%.*s", scheme, (int)len, item);
	if (len == 0)
		return err_set(e, ERR_USAGE, "an endpoint is empty");
	if (n < 0 || (size_t)n >= room)
		return err_set(e, ERR_USAGE,
		               "an endpoint is longer than %zu bytes",
		               room - 1);
	return check(url, tls, e);
}

int etcd_endpoints_parse(const char *list, _Bool tls,
                         int (*on_url)(void *arg, const char *url,
                                       struct err *e),
                         void *arg, struct err *e)
{
	char url[ETCD_CLIENT_URL_MAX];
	size_t count = 0, len;

	if (list == NULL || list[0] == '\0')
		return err_set(e, ERR_USAGE, "no endpoints");
	for (const char *p = list; ; p += len + 1) {
		len = strcspn(p, ",");
		if (len >= sizeof(url))
			return err_set(e, ERR_USAGE, "an endpoint is longer "
			               "than %zu bytes", sizeof(url) - 1);
		if (count++ == ETCD_CLIENT_ENDPOINTS_MAX)
			return err_set(e, ERR_USAGE, "more than %d endpoints",
			               ETCD_CLIENT_ENDPOINTS_MAX);
		if (take(p, len, tls, url, sizeof(url), e) < 0 ||
		    on_url(arg, url, e) < 0)
			return -1;
		if (p[len] == '\0')
			return 0;
	}
}
