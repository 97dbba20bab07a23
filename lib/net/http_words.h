/* http_words.h - why a transfer failed, in words for an operator.
 *
 * No I/O and no library: what the library knows goes in, our error comes
 * out. */
#ifndef NET_HTTP_WORDS_H
#define NET_HTTP_WORDS_H

#include <stddef.h>

#include "base/err.h"

enum { HTTP_WORDS_ORIGIN_MAX = 320 };

enum http_words_what {
	HTTP_WORDS_URL,         /* not one that we can use */
	HTTP_WORDS_RESOLVE,     /* unknown host name */
	HTTP_WORDS_CONNECT,
	HTTP_WORDS_TIMEOUT,
	HTTP_WORDS_TLS,         /* the handshake failed */
	HTTP_WORDS_OUR_TLS,     /* our certificate, key or CA is unusable */
	HTTP_WORDS_MEMORY,
	HTTP_WORDS_LOST,        /* anything else: the connection broke */
};

struct http_words {
	enum http_words_what what;
	const char *where;      /* the origin */
	const char *detail;     /* the library's words, may be "" */
	long sys;               /* errno of a connect, or 0 */
	long verify;            /* OpenSSL's verification result, 0: fine */
	_Bool have_cert;        /* we offered a client certificate */
	_Bool connecting;       /* the timeout struck before the request */
	_Bool no_word;          /* with TLS, and no answer has begun */
	unsigned limit_ms;      /* which one */
};

/* Fills `e`, returns -1. */
int http_words_explain(const struct http_words *w, struct err *e);
/* "scheme://host:port" of `url` without a user name, or "unix:<socket>" when
 * `socket` is not NULL, cut off at `room`. */
void http_words_origin(const char *url, const char *socket, char *out,
                       size_t room);

#endif
