#include "etcd/etcd_client.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd/etcd_endpoints.h"
#include "etcd/rpc.pb-c.h"
#include "net/grpc.h"
#include "net/http.h"

enum {
	CONNECT_MS = 3000, CALL_MS = 5000, SLOW_MS = 60000, IDLE_MS = 30000,
	METHOD_MAX = 64, TOKEN_MAX = 4000,
};

struct place {
	char url[ETCD_CLIENT_URL_MAX];
	char *token;            /* NULL: not logged in */
	_Bool auth_off;         /* the server has no authentication */
};

struct etcd_client {
	struct http *http;
	struct place *places;
	size_t count, used;
	char *user, *password;
	unsigned connect_ms, call_ms, slow_ms, idle_ms;
	const volatile sig_atomic_t *stop;
	enum etcd_fault fault;          /* of the last call */
	_Bool too_long;
};

/* One call to one endpoint. */
struct attempt {
	struct place *place;
	struct buf *reply;
	struct grpc_call call;
	int rc;
	struct err err;
	enum etcd_fault fault;
	_Bool unsent;
};

/* ---- new and free ---- */

static void wipe(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void etcd_client_free(struct etcd_client *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		wipe(&c->places[i].token);
	wipe(&c->password);
	free(c->user);
	free(c->places);
	http_free(c->http);
	free(c);
}

static int add_place(void *arg, const char *url, struct err *e)
{
	struct etcd_client *c = arg;
	struct place *more;

	more = realloc(c->places, (c->count + 1) * sizeof(*more));
	if (more == NULL)
		return err_nomem(e);
	c->places = more;
	more[c->count] = (struct place){ .token = NULL };
	(void)snprintf(more[c->count].url, sizeof(more->url), "%s", url);
	c->count++;
	return 0;
}

static int take_user(struct etcd_client *c, const struct etcd_client_options *o,
                     struct err *e)
{
	if (o->user == NULL && o->password == NULL)
		return 0;
	if (o->user == NULL || o->password == NULL)
		return err_set(e, ERR_USAGE,
		               "a user needs a password, and a password needs "
		               "a user");
	c->user = strdup(o->user);
	c->password = strdup(o->password);
	return c->user == NULL || c->password == NULL ? err_nomem(e) : 0;
}

struct etcd_client *etcd_client_new(const struct etcd_client_options *o,
                                    struct err *e)
{
	struct http_options id = { .ca_file = o->ca_file,
	        .cert_file = o->cert_file, .key_file = o->key_file };
	struct etcd_client *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	c->connect_ms = o->connect_ms != 0 ? o->connect_ms : CONNECT_MS;
	c->call_ms = o->call_ms != 0 ? o->call_ms : CALL_MS;
	c->slow_ms = o->slow_ms != 0 ? o->slow_ms : SLOW_MS;
	c->idle_ms = o->idle_ms != 0 ? o->idle_ms : IDLE_MS;
	c->stop = o->stop;
	if (etcd_endpoints_parse(o->endpoints, o->ca_file != NULL ||
	                         o->cert_file != NULL, add_place, c, e) < 0 ||
	    take_user(c, o, e) < 0 ||
	    (c->http = http_new(&id, e)) == NULL) {
		etcd_client_free(c);
		return NULL;
	}
	return c;
}

size_t etcd_client_count(const struct etcd_client *c)
{
	return c->count;
}

const char *etcd_client_url(const struct etcd_client *c, size_t i)
{
	return c->places[i].url;
}

size_t etcd_client_used(const struct etcd_client *c)
{
	return c->used;
}

enum etcd_fault etcd_client_fault(const struct etcd_client *c)
{
	return c->fault;
}

_Bool etcd_client_too_long(const struct etcd_client *c)
{
	return c->too_long;
}

int etcd_client_undecodable(const char *method, struct err *e)
{
	return err_set(e, ERR_REMOTE, "cannot decode the answer to %s", method);
}

/* ---- one round of calls ---- */

static int pack(const struct ProtobufCMessage *m, struct buf *b, struct err *e)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	uint8_t *p;

	if (len == 0)
		return 0;
	p = buf_reserve(b, len);
	if (p == NULL)
		return buf_check(b, e);
	b->len += protobuf_c_message_pack(m, p);
	return 0;
}

static void settle(struct attempt *a)
{
	a->rc = a->call.rc;
	a->err = a->call.err;
	a->unsent = a->call.unsent;
	a->fault = ETCD_FAULT_NONE;
	if (a->rc < 0 && a->call.status > GRPC_STATUS_OK) {
		a->fault = etcd_fault_of(a->call.message);
		etcd_fault_refine(a->fault, &a->err);
	}
}

/* Run those of a[] for which `due` is set, with the same method and request. */
static void run(struct etcd_client *c, struct attempt *a, const _Bool *due,
                size_t n, const struct grpc_call *like)
{
	struct grpc_call *calls[ETCD_CLIENT_ENDPOINTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!due[i])
			continue;
		a[i].call = *like;
		a[i].call.endpoint = a[i].place->url;
		a[i].call.reply = a[i].reply;
		a[i].call.token = a[i].place->token;
		a[i].call.connect_ms = c->connect_ms;
		calls[count++] = &a[i].call;
	}
	if (count == 0)
		return;
	grpc_run_all(c->http, calls, count, c->stop);
	for (size_t i = 0; i < n; i++)
		if (due[i])
			settle(&a[i]);
}

/* ---- logging in ---- */

static int keep_token(struct attempt *a)
{
	Etcd__AuthenticateResponse *r;

	r = etcd__authenticate_response__unpack(NULL, a->reply->len,
	                                        (uint8_t *)a->reply->data);
	if (r == NULL || r->token[0] == '\0' || strlen(r->token) > TOKEN_MAX) {
		if (r != NULL)
			etcd__authenticate_response__free_unpacked(r, NULL);
		return etcd_client_undecodable("Authenticate", &a->err);
	}
	wipe(&a->place->token);
	a->place->token = strdup(r->token);
	explicit_bzero(r->token, strlen(r->token));
	etcd__authenticate_response__free_unpacked(r, NULL);
	explicit_bzero(a->reply->data, a->reply->cap);
	return a->place->token == NULL ? err_nomem(&a->err) : 0;
}

/* Clears due[i] where the login failed; a[i] then holds why. */
static void login(struct etcd_client *c, struct attempt *a, _Bool *due,
                  size_t n)
{
	Etcd__AuthenticateRequest m = ETCD__AUTHENTICATE_REQUEST__INIT;
	struct buf request = BUF_INIT(BUF_MAX_LINE);
	_Bool want[ETCD_CLIENT_ENDPOINTS_MAX];
	struct err e = ERR_INIT;
	int packed;

	m.name = c->user;
	m.password = c->password;
	packed = pack(&m.base, &request, &e);
	for (size_t i = 0; i < n; i++) {
		want[i] = due[i] && a[i].place->token == NULL &&
		          !a[i].place->auth_off;
		if (want[i] && packed < 0) {
			a[i].rc = -1;
			a[i].err = e;
			want[i] = due[i] = 0;
		}
	}
	run(c, a, want, n, &(struct grpc_call){
		.method = "etcdserverpb.Auth/Authenticate",
		.request = request.data, .request_len = request.len,
		.total_ms = c->call_ms });
	for (size_t i = 0; i < n; i++) {
		if (!want[i])
			continue;
		if (a[i].rc < 0 && a[i].fault == ETCD_FAULT_AUTH_OFF) {
			a[i].place->auth_off = 1;
		} else if (a[i].rc < 0 || keep_token(&a[i]) < 0) {
			a[i].rc = -1;
			a[i].unsent = 1;
			due[i] = 0;
		}
	}
	if (request.data != NULL)
		explicit_bzero(request.data, request.cap);
	buf_close(&request);
}

/* Would a fresh login help?  Then forget the old one. */
static _Bool login_is_stale(struct attempt *a)
{
	if (a->rc == 0 || a->call.began)
		return 0;
	if (a->fault != ETCD_FAULT_BAD_TOKEN &&
	    a->fault != ETCD_FAULT_OLD_TOKEN &&
	    !(a->fault == ETCD_FAULT_NO_USER && a->place->auth_off))
		return 0;
	wipe(&a->place->token);
	a->place->auth_off = 0;
	return 1;
}

/* ---- calls ---- */

static void call(struct etcd_client *c, struct attempt *a, size_t n,
                 const struct etcd_client_rpc *rpc)
{
	struct buf request = BUF_INIT(BUF_MAX_RPC);
	_Bool due[ETCD_CLIENT_ENDPOINTS_MAX];
	char method[METHOD_MAX];
	struct err e = ERR_INIT;
	struct grpc_call like = { .method = method, .sink = rpc->sink,
		.max = rpc->max,
		.idle_ms = rpc->sink != NULL ? c->idle_ms : 0,
		.total_ms = rpc->sink != NULL ? 0 :
		            rpc->total_ms != 0 ? rpc->total_ms :
		            rpc->slow ? c->slow_ms : c->call_ms };

	(void)snprintf(method, sizeof(method), "etcdserverpb.%s", rpc->method);
	if (pack(rpc->request, &request, &e) < 0) {
		for (size_t i = 0; i < n; i++) {
			a[i].rc = -1;
			a[i].err = e;
		}
		goto out;
	}
	like.request = request.data;
	like.request_len = request.len;
	for (size_t i = 0; i < n; i++)
		due[i] = 1;
	for (int round = 0; round < 2; round++) {
		if (c->user != NULL)
			login(c, a, due, n);
		run(c, a, due, n, &like);
		if (c->user == NULL)
			break;
		for (size_t i = 0; i < n; i++)
			due[i] = due[i] && login_is_stale(&a[i]);
	}
out:
	buf_close(&request);
}

/* May another endpoint be asked after this failure? */
static _Bool try_next(const struct attempt *a,
                      const struct etcd_client_rpc *rpc)
{
	if (a->call.began)              /* a stream, or an answer too long */
		return 0;
	if (a->fault == ETCD_FAULT_LEARNER)
		return 1;
	return a->err.kind == ERR_REMOTE && (rpc->idempotent || a->unsent);
}

int etcd_client_call(struct etcd_client *c, size_t endpoint,
                     const struct etcd_client_rpc *rpc, struct buf *reply,
                     struct err *e)
{
	size_t tries = endpoint == ETCD_CLIENT_ANY ? c->count : 1;
	size_t first = endpoint == ETCD_CLIENT_ANY ? c->used : endpoint;
	struct buf spare = BUF_INIT(BUF_MAX_RPC);
	struct attempt a = { .rc = -1 };

	for (size_t i = 0; i < tries; i++) {
		size_t at = (first + i) % c->count;

		a.place = &c->places[at];
		a.reply = reply != NULL ? reply : &spare;
		call(c, &a, 1, rpc);
		if (a.rc == 0 && endpoint == ETCD_CLIENT_ANY)
			c->used = at;
		if (a.rc == 0 || !try_next(&a, rpc))
			break;
	}
	buf_close(&spare);
	c->fault = a.fault;
	c->too_long = a.call.too_long;
	if (a.rc < 0)
		*e = a.err;
	return a.rc;
}

void etcd_client_call_all(struct etcd_client *c,
                          const struct etcd_client_rpc *rpc,
                          struct etcd_client_answer *answers)
{
	struct attempt *a = calloc(c->count, sizeof(*a));

	for (size_t i = 0; i < c->count; i++) {
		answers[i] = (struct etcd_client_answer){
			.rc = -1, .reply = BUF_INIT(BUF_MAX_RPC) };
		(void)err_nomem(&answers[i].err);
		if (a == NULL)
			continue;
		a[i].place = &c->places[i];
		a[i].reply = &answers[i].reply;
	}
	if (a == NULL)
		return;
	call(c, a, c->count, rpc);
	for (size_t i = 0; i < c->count; i++) {
		answers[i].rc = a[i].rc;
		answers[i].err = a[i].err;
		answers[i].fault = a[i].fault;
	}
	free(a);
}
