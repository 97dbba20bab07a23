/* grpc.h - gRPC calls: one request message, and one or many in answer.
 *
 * A call succeeds only when the server has said grpc-status 0 and the body held
 * whole messages; a stream may have delivered many of them by the time it turns
 * out to have failed. */
#ifndef NET_GRPC_H
#define NET_GRPC_H

#include <signal.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/grpc_frame.h"
#include "net/grpc_status.h"
#include "net/http.h"

enum { GRPC_MESSAGE_MAX = 320 };

struct grpc_call {
	const char *endpoint;           /* "https://host:port" */
	const char *method;             /* "package.Service/Method" */
	const void *request;            /* the message, may be empty */
	size_t request_len;
	const char *token;              /* metadata `token`, or NULL */
	unsigned connect_ms, total_ms, idle_ms;         /* as in http.h */

	/* The answer, one of: the only message's bytes, into `reply`... */
	struct buf *reply;              /* its max is the message's */
	/* ...each message whole, assembled in `reply`... */
	int (*on_message)(void *arg, const void *data, size_t len,
	                  struct err *e);
	void *arg;
	/* ...or the bytes of many as they arrive, none longer than `max`. */
	const struct grpc_frame_sink *sink;
	size_t max;

	/* Filled by the run: */
	int rc;
	int status;                     /* enum grpc_status; NONE: none came */
	_Bool unsent;                   /* the server never heard of the call */
	_Bool too_long;                 /* the answer was over its maximum */
	_Bool began;                    /* some of the answer was delivered */
	char message[GRPC_MESSAGE_MAX]; /* the server's words, decoded */
	struct err err;
};

/* Run `n` calls side by side; see http_run_all() for stop and failures.  On a
 * status other than 0 the text is "<endpoint>: <message>" and the kind is
 * grpc_status_kind()'s. */
void grpc_run_all(struct http *h, struct grpc_call *const *calls, size_t n,
                  const volatile sig_atomic_t *stop);
int grpc_run(struct http *h, struct grpc_call *call,
             const volatile sig_atomic_t *stop, struct err *e) MUST_USE;

#endif
