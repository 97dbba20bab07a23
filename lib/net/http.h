/* http.h - HTTP/1.1 and HTTP/2 requests, over TCP, TLS and unix sockets.
 *
 * A `struct http` is one identity (CA, client certificate, socket) and its pool
 * of connections: calls to the same origin reuse them.  Everything blocks; all
 * bytes pass through callbacks, so memory does not grow with a body.  A
 * callback that blocks holds the peer back.  Callbacks must not use the same
 * `struct http`.  Redirects, proxies and cookies are not followed, not used,
 * not kept.  Not for use by two threads at once. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct http;

struct http_options {
	/* With `ca_file` only that CA is trusted, else the system's. */
	const char *ca_file, *cert_file, *key_file;     /* PEM; NULL: none */
	const char *unix_socket;        /* connect there, whatever the URL */
};

enum http_version {
	HTTP_AUTO,              /* TLS: what both sides like best; else 1.1 */
	HTTP_1,
	HTTP_2,                 /* without TLS: from the first byte */
};

#define HTTP_SIZE_UNKNOWN UINT64_MAX

/* One request.  Zero means "default" or "none" in every field. */
struct http_call {
	const char *method, *url;       /* method NULL: GET */
	enum http_version version;
	const char *const *headers;     /* "name: value", the last is NULL */

	/* The request's body: bytes, or a callback that fills up to `room`
	 * bytes and sets *out_len, 0 at the end. */
	const void *body;
	size_t body_len;
	int (*on_body)(void *arg, void *to, size_t room, size_t *out_len,
	               struct err *e);
	uint64_t body_size;             /* of on_body, or HTTP_SIZE_UNKNOWN */

	/* Each header and, after the body, each trailer; `name` in lower case,
	 * cut off at 4 KiB.  `status` is set by then. */
	void (*on_header)(void *arg, const char *name, const char *value);
	int (*on_data)(void *arg, const void *data, size_t len, struct err *e);
	void *arg;

	unsigned connect_ms;            /* for TCP and TLS; 0: 10 s */
	unsigned total_ms;              /* for all of it; 0: no limit */
	unsigned idle_ms;               /* without a byte either way; 0: none */

	/* Filled by the run: */
	int rc;                         /* 0, or -1 and `err` says why */
	int status;                     /* HTTP status, 0 without an answer */
	_Bool unsent;                   /* failed before the server heard it */
	struct err err;
};

/* Unreadable files are ERR_USAGE.  From now on SIGPIPE is ignored if it had its
 * default action, as OpenSSL writes to sockets that a peer has closed. */
struct http *http_new(const struct http_options *o, struct err *e) MUST_USE;
void http_free(struct http *h);

/* Run `n` calls side by side and return when all have ended.  A transfer that
 * ended is a success whatever its HTTP status.  Failures: ERR_REMOTE (cannot
 * connect, TLS, timeout, connection lost), ERR_USAGE (not a URL, certificate
 * and key do not fit), ERR_STOPPED once *stop is not 0 (`stop` may be NULL),
 * or what a callback reported.  The texts begin with the origin. */
void http_run_all(struct http *h, struct http_call *const *calls, size_t n,
                  const volatile sig_atomic_t *stop);
/* The same for one call; returns its rc and fills `e`. */
int http_run(struct http *h, struct http_call *call,
             const volatile sig_atomic_t *stop, struct err *e) MUST_USE;

#endif
