#include "net/http_words.h"

#include <stdio.h>
#include <string.h>

static const struct {
	long verify;
	const char *text;
} verdicts[] = {
	/* The numbers are OpenSSL's X509_V_ERR_*. */
	{7, "the server's certificate is not signed by the trusted CA"},
	{9, "the server's certificate is not valid yet"},
	{10, "the server's certificate has expired"},
	{18, "the server's certificate is not signed by the trusted CA"},
	{19, "the server's certificate is not signed by the trusted CA"},
	{20, "the server's certificate is not signed by the trusted CA"},
	{21, "the server's certificate is not signed by the trusted CA"},
	{23, "the server's certificate was revoked"},
	{24, "the server's certificate is signed by something that is no CA"},
	{26, "the server's certificate is not meant for servers"},
};

static const struct {
	const char *part, *without_cert, *with_cert;
} phrases[] = {
	{"no alternative certificate subject name",
	 "the server's certificate is for another host name",
	 "the server's certificate is for another host name"},
	{"does not match target host",
	 "the server's certificate is for another host name",
	 "the server's certificate is for another host name"},
	{"alert certificate required",
	 "the server asks for a client certificate",
	 "the server did not get our client certificate"},
	{"alert certificate expired",
	 "the server asks for a client certificate",
	 "the server refused our client certificate: it has expired"},
	{"alert bad certificate", "the server asks for a client certificate",
	 "the server refused our client certificate"},
	{"alert unknown ca", "the server asks for a client certificate",
	 "the server refused our client certificate: unknown CA"},
	{"certificate unknown", "the server asks for a client certificate",
	 "the server refused our client certificate"},
	{"wrong version number", "the server does not speak TLS",
	 "the server does not speak TLS"},
};

static const char *tls_text(long verify, const char *detail, _Bool have_cert)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verify == verdicts[i].verify)
			return verdicts[i].text;
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (strstr(detail, phrases[i].part) != NULL)
			return have_cert ? phrases[i].with_cert
					 : phrases[i].without_cert;
	return NULL;
}

static int timed_out(const struct http_words *w, struct err *e)
{
	return err_set(e, ERR_REMOTE,
		       w->connecting ? "%s: no connection within %u ms"
				     : "%s: no complete answer within %u ms",
		       w->where, w->limit_ms);
}

int http_words_explain(const struct http_words *w, struct err *e)
{
	const char *tls = tls_text(w->verify, w->detail, w->have_cert);

	if (tls != NULL)
		return err_set(e, ERR_REMOTE, "%s: TLS: %s", w->where, tls);
	switch (w->what) {
	case HTTP_WORDS_URL:
		return err_set(e, ERR_USAGE, "not a URL that can be used: '%s'",
			       w->where);
	case HTTP_WORDS_RESOLVE:
		return err_set(e, ERR_REMOTE,
			       "%s: cannot resolve the host name", w->where);
	case HTTP_WORDS_CONNECT:
		return err_set(e, ERR_REMOTE, "%s: cannot connect: %s",
			       w->where,
			       w->sys != 0 ? strerror((int)w->sys) : w->detail);
	case HTTP_WORDS_TIMEOUT:
		return timed_out(w, e);
	case HTTP_WORDS_TLS:
		return err_set(e, ERR_REMOTE, "%s: TLS: %s", w->where,
			       w->detail);
	case HTTP_WORDS_OUR_TLS:
		return err_set(e, ERR_USAGE, "%s: TLS: %s", w->where,
			       w->detail);
	case HTTP_WORDS_MEMORY:
		return err_nomem(e);
	case HTTP_WORDS_LOST:
		break;
	}
	(void)err_set(e, ERR_REMOTE, "%s: connection lost: %s", w->where,
		      w->detail);
	/* TLS 1.3 judges our certificate after the handshake, and the alert
	 * that says so can get lost when the server closes at once. */
	if (w->no_word)
		(void)err_hint(
			e,
			w->have_cert
				? "maybe the server refused our client "
				  "certificate"
				: "maybe the server asks for a client "
				  "certificate");
	return -1;
}

void http_words_origin(const char *url, const char *socket, char *out,
		       size_t room)
{
	const char *host = strstr(url, "://"), *end, *at;

	if (socket != NULL) {
		(void)snprintf(out, room, "unix:%s", socket);
		return;
	}
	host = host == NULL ? url : host + 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	at = at == NULL ? host : at + 1;
	(void)snprintf(out, room, "%.*s%.*s", (int)(host - url), url,
		       (int)(end - at), at);
}
