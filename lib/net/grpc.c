#include "net/grpc.h"

#include "base/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 512, TOKEN_MAX = 4096 };

/* A call under way. */
struct exchange {
	struct grpc_call *call;
	struct http_call http;
	struct grpc_frame frame;
	struct grpc_frame_sink whole;   /* assembles messages in call->reply */
	struct buf body;
	_Bool is_grpc;                  /* the content-type says so */
	_Bool callback_failed;          /* on_message did */
	char url[URL_MAX], timeout[32], token[TOKEN_MAX];
	const char *headers[7];
};

/* ---- whole messages ---- */

static int whole_begin(void *arg, size_t len, struct err *e)
{
	struct exchange *x = arg;

	if (x->call->on_message == NULL && x->frame.messages > 0)
		return err_set(e, ERR_REMOTE,
		               "more than one message in the answer");
	buf_clear(x->call->reply);
	if (len > 0 && buf_reserve(x->call->reply, len) == NULL)
		return buf_check(x->call->reply, e);
	return 0;
}

static int whole_bytes(void *arg, const void *data, size_t len, struct err *e)
{
	struct exchange *x = arg;

	buf_append(x->call->reply, data, len);
	return buf_check(x->call->reply, e);
}

static int whole_end(void *arg, struct err *e)
{
	struct exchange *x = arg;
	struct grpc_call *c = x->call;

	if (c->on_message == NULL)
		return 0;
	if (c->on_message(c->arg, c->reply->data, c->reply->len, e) == 0)
		return 0;
	x->callback_failed = 1;
	return -1;
}

/* ---- what the server sends ---- */

static void on_header(void *arg, const char *name, const char *value)
{
	struct exchange *x = arg;
	struct grpc_call *c = x->call;

	if (strcmp(name, "content-type") == 0) {
		x->is_grpc = strncmp(value, "application/grpc", 16) == 0;
	} else if (strcmp(name, "grpc-status") == 0) {
		c->status = grpc_status_parse(value);
	} else if (strcmp(name, "grpc-message") == 0) {
		(void)snprintf(c->message, sizeof(c->message), "%.*s",
		               (int)sizeof(c->message) - 1, value);
		grpc_status_decode(c->message);
	}
}

static int on_data(void *arg, const void *data, size_t len, struct err *e)
{
	struct exchange *x = arg;

	/* A page of a proxy or of another service: judge() names it. */
	if (!x->is_grpc || x->http.status != 200)
		return 0;
	if (grpc_frame_feed(&x->frame, data, len, e) == 0)
		return 0;
	/* What the caller's own code says is not about the server. */
	if (x->call->sink != NULL ? x->frame.sink_failed : x->callback_failed)
		return -1;
	return err_wrap(e, "%s", x->call->endpoint);
}

/* ---- setting up ---- */

static int set_request(struct exchange *x)
{
	const struct grpc_call *c = x->call;
	unsigned char head[GRPC_FRAME_HEAD];

	x->body = (struct buf)BUF_INIT(c->request_len + sizeof(head));
	grpc_frame_head(head, (uint32_t)c->request_len);
	buf_append(&x->body, head, sizeof(head));
	buf_append(&x->body, c->request, c->request_len);
	x->http.body = x->body.data;
	x->http.body_len = x->body.len;
	return x->body.failed ? -1 : 0;
}

static void set_headers(struct exchange *x)
{
	const struct grpc_call *c = x->call;
	size_t n = 0;

	x->headers[n++] = "content-type: application/grpc";
	x->headers[n++] = "te: trailers";
	x->headers[n++] = "accept:";
	x->headers[n++] = "user-agent: lifeboat/" LIFEBOAT_VERSION;
	if (c->total_ms > 0 && c->total_ms <= 99999999) {
		(void)snprintf(x->timeout, sizeof(x->timeout),
		               "grpc-timeout: %um", c->total_ms);
		x->headers[n++] = x->timeout;
	}
	if (c->token != NULL) {
		(void)snprintf(x->token, sizeof(x->token), "token: %s",
		               c->token);
		x->headers[n++] = x->token;
	}
	x->headers[n] = NULL;
	x->http.headers = x->headers;
}

static int set_up(struct exchange *x, struct grpc_call *c)
{
	x->call = c;
	x->whole = (struct grpc_frame_sink){ whole_begin, whole_bytes,
	                                     whole_end, x };
	grpc_frame_init(&x->frame, c->sink != NULL ? c->sink : &x->whole,
	                c->sink != NULL ? c->max : c->reply->max);
	(void)snprintf(x->url, sizeof(x->url), "%s/%s", c->endpoint,
	               c->method);
	x->http = (struct http_call){
		.method = "POST", .url = x->url, .version = HTTP_2,
		.on_header = on_header, .on_data = on_data, .arg = x,
		.connect_ms = c->connect_ms, .total_ms = c->total_ms,
		.idle_ms = c->idle_ms,
	};
	c->rc = -1;
	c->status = GRPC_STATUS_NONE;
	c->unsent = c->too_long = c->began = 0;
	c->message[0] = '\0';
	c->err = (struct err)ERR_INIT;
	set_headers(x);
	return set_request(x);
}

/* ---- the verdict ---- */

static int judge_status(const struct exchange *x, struct err *e)
{
	const struct grpc_call *c = x->call;
	int status = c->status, http = x->http.status;

	if (status == GRPC_STATUS_NONE && http != 200)
		return err_set(e, grpc_status_kind(grpc_status_of_http(http)),
		               "HTTP status %d instead of a gRPC answer", http);
	if (status == GRPC_STATUS_NONE && !x->is_grpc)
		return err_set(e, ERR_REMOTE, "the answer is not gRPC");
	if (status == GRPC_STATUS_NONE)
		return err_set(e, ERR_REMOTE,
		               "the answer ended without a status");
	if (status != GRPC_STATUS_OK)
		return err_set(e, grpc_status_kind(status), "%s",
		               c->message[0] != '\0' ? c->message :
		               grpc_status_word(status));
	if (grpc_frame_finish(&x->frame, e) < 0)
		return -1;
	if (c->sink == NULL && c->on_message == NULL && x->frame.messages == 0)
		return err_set(e, ERR_REMOTE, "an answer without a message");
	return 0;
}

static void judge(struct exchange *x)
{
	struct grpc_call *c = x->call;

	c->unsent = x->http.unsent;
	c->too_long = x->frame.too_long;
	c->began = x->frame.messages > 0 || x->frame.have > 0;
	/* Words of the server say more than how the connection ended. */
	if (x->http.rc < 0 && c->status <= GRPC_STATUS_OK) {
		c->err = x->http.err;
		return;
	}
	c->rc = judge_status(x, &c->err);
	if (c->rc < 0)
		(void)err_wrap(&c->err, "%s", c->endpoint);
}

void grpc_run_all(struct http *h, struct grpc_call *const *calls, size_t n,
                  const volatile sig_atomic_t *stop)
{
	struct exchange *x = calloc(n > 0 ? n : 1, sizeof(*x));
	struct http_call **http = calloc(n > 0 ? n : 1, sizeof(*http));
	_Bool ok = x != NULL && http != NULL;

	for (size_t i = 0; ok && i < n; i++) {
		ok = set_up(&x[i], calls[i]) == 0;
		http[i] = &x[i].http;
	}
	if (ok)
		http_run_all(h, http, n, stop);
	for (size_t i = 0; i < n; i++) {
		if (ok)
			judge(&x[i]);
		else
			calls[i]->rc = err_nomem(&calls[i]->err);
		if (x != NULL) {
			/* It may hold a password. */
			if (x[i].body.data != NULL)
				explicit_bzero(x[i].body.data, x[i].body.cap);
			buf_close(&x[i].body);
			explicit_bzero(x[i].token, sizeof(x[i].token));
		}
	}
	free(http);
	free(x);
}

int grpc_run(struct http *h, struct grpc_call *call,
             const volatile sig_atomic_t *stop, struct err *e)
{
	grpc_run_all(h, &call, 1, stop);
	if (call->rc < 0)
		*e = call->err;
	return call->rc;
}
