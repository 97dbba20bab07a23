#include "net/tls_words.h"

#include <string.h>

static const struct {
	long verify;
	const char *text;
} verdicts[] = {
	/* The numbers are OpenSSL's X509_V_ERR_*. */
	{ 7, "the server's certificate is not signed by the trusted CA" },
	{ 9, "the server's certificate is not valid yet" },
	{ 10, "the server's certificate has expired" },
	{ 18, "the server's certificate is not signed by the trusted CA" },
	{ 19, "the server's certificate is not signed by the trusted CA" },
	{ 20, "the server's certificate is not signed by the trusted CA" },
	{ 21, "the server's certificate is not signed by the trusted CA" },
	{ 23, "the server's certificate was revoked" },
	{ 24, "the server's certificate is signed by something that is no CA" },
	{ 26, "the server's certificate is not meant for servers" },
};

static const struct {
	const char *part, *without_cert, *with_cert;
} phrases[] = {
	{ "no alternative certificate subject name",
	  "the server's certificate is for another host name",
	  "the server's certificate is for another host name" },
	{ "does not match target host",
	  "the server's certificate is for another host name",
	  "the server's certificate is for another host name" },
	{ "alert certificate required",
	  "the server asks for a client certificate",
	  "the server did not get our client certificate" },
	{ "alert certificate expired",
	  "the server asks for a client certificate",
	  "the server refused our client certificate: it has expired" },
	{ "alert bad certificate",
	  "the server asks for a client certificate",
	  "the server refused our client certificate" },
	{ "alert unknown ca",
	  "the server asks for a client certificate",
	  "the server refused our client certificate: unknown CA" },
	{ "certificate unknown",
	  "the server asks for a client certificate",
	  "the server refused our client certificate" },
	{ "wrong version number",
	  "the server does not speak TLS",
	  "the server does not speak TLS" },
};

const char *tls_words_explain(long verify, const char *detail, _Bool have_cert)
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
