/* httpd.h - a small HTTP server inside somebody else's poll loop.
 *
 * For metrics and health: a fixed table of paths, GET and HEAD, no bodies in.
 * No thread is made.  The caller watches httpd_fd() for POLLIN, waits no longer
 * than httpd_timeout_ms(), and calls httpd_run() after either; answers are made
 * in there.  At most HTTPD_CONNECTIONS at a time, one that is silent for
 * HTTPD_IDLE_S seconds is dropped.  There is no authentication: bind it to a
 * loopback or a private address. */
#ifndef NET_HTTPD_H
#define NET_HTTPD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	HTTPD_CONNECTIONS = 32,
	HTTPD_IDLE_S = 10,
	HTTPD_MEMORY = 16384,           /* for the request of a connection */
	HTTPD_ADDRESS_MAX = 63,
	HTTPD_ROUTES_MAX = 16,
};

struct httpd_answer {
	unsigned status;                /* preset to 200 */
	const char *type;               /* preset to text/plain, UTF-8 */
	struct buf body;                /* empty, up to BUF_MAX_TEXT; freed */
};

/* Fill in the answer.  A body that failed becomes status 500. */
typedef void httpd_fn(void *ctx, struct httpd_answer *a);

struct httpd_route {
	const char *path;               /* "/metrics"; a query is ignored */
	httpd_fn *fn;
};

struct httpd;

/* Listen on `address`, "127.0.0.1:9420" or "[::1]:9420"; port 0 takes any free
 * one.  `routes` must outlive the server and end with a NULL path.  Fails with
 * ERR_USAGE on an address it cannot read, ERR_SYS when it is not to be had. */
int httpd_open(struct httpd **out, const char *address,
               const struct httpd_route *routes, void *ctx,
               struct err *e) MUST_USE;
/* Where it listens, with the real port. */
const char *httpd_address(const struct httpd *h);
int httpd_fd(const struct httpd *h);
/* Milliseconds until httpd_run() is due without any event, or -1. */
int httpd_timeout_ms(const struct httpd *h);
/* Accept, read, answer and drop what is ready.  Does not block. */
void httpd_run(struct httpd *h);
/* Drop all connections and stop.  NULL is fine. */
void httpd_close(struct httpd *h);
/* In a forked child, instead of httpd_close(): let go of the listening socket
 * without disturbing the parent that goes on serving.  `h` stays unusable. */
void httpd_abandon(struct httpd *h);

#endif
