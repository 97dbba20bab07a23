#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "net/http_header.h"
#include "net/http_identity.h"
#include "net/http_words.h"

enum {
	CONNECT_MS = 10000,
	WAIT_MS = 200,          /* how late `stop` may be noticed */
	RECEIVE_BYTES = 512 << 10,
};

struct http {
	CURLM *multi;
	struct http_identity id;
	_Bool stale;            /* a call timed out: see renew() */
};

#define SET(t, option, value) \
	((void)curl_easy_setopt((t)->easy, CURLOPT_##option, value))

/* A call under way. */
struct transfer {
	struct http *http;
	struct http_call *call;
	const volatile sig_atomic_t *stop;
	CURL *easy;
	struct curl_slist *headers;
	int64_t active_ms;      /* when the last byte moved */
	curl_off_t sent;        /* bytes sent by then */
	_Bool done;
	char detail[CURL_ERROR_SIZE];
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned connect_ms(const struct http_call *c)
{
	return c->connect_ms != 0 ? c->connect_ms : CONNECT_MS;
}

static _Bool stopped(const volatile sig_atomic_t *stop)
{
	return stop != NULL && *stop != 0;
}

/* ---- new and free ---- */

static void ignore_sigpipe(void)
{
	struct sigaction old;

	if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
}

static CURLM *new_multi(void)
{
	CURLM *m = curl_multi_init();

	if (m != NULL)
		(void)curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, 64L);
	return m;
}

struct http *http_new(const struct http_options *o, struct err *e)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		(void)err_set(e, ERR_SYS, "cannot start libcurl");
		return NULL;
	}
	ignore_sigpipe();
	h->multi = new_multi();
	if (h->multi == NULL) {
		(void)err_nomem(e);
		goto fail;
	}
	if (http_identity_init(&h->id, o, e) < 0)
		goto fail;
	return h;
fail:
	http_free(h);
	return NULL;
}

void http_free(struct http *h)
{
	if (h == NULL)
		return;
	(void)curl_multi_cleanup(h->multi);
	http_identity_clear(&h->id);
	free(h);
	curl_global_cleanup();
}

/* ---- what failed ---- */

static void origin(const struct transfer *t, char *out, size_t room)
{
	http_words_origin(t->call->url, t->http->id.unix_socket, out, room);
}

static enum http_words_what what_failed(CURLcode code)
{
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return HTTP_WORDS_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_WORDS_RESOLVE;
	case CURLE_COULDNT_CONNECT:
		return HTTP_WORDS_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_WORDS_TIMEOUT;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return HTTP_WORDS_OUR_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return HTTP_WORDS_TLS;
	case CURLE_OUT_OF_MEMORY:
		return HTTP_WORDS_MEMORY;
	default:
		return HTTP_WORDS_LOST;
	}
}

static int explain(struct transfer *t, CURLcode code, struct err *e)
{
	const struct http_call *c = t->call;
	char where[HTTP_WORDS_ORIGIN_MAX];
	struct http_words w = {
		.what = what_failed(code), .where = where,
		.detail = t->detail[0] != '\0' ? t->detail :
		          curl_easy_strerror(code),
		.have_cert = t->http->id.cert_file != NULL,
		.connecting = c->unsent,
		.no_word = c->status == 0 &&
		           strncasecmp(c->url, "https:", 6) == 0,
		.limit_ms = c->unsent ? connect_ms(c) : c->total_ms,
	};

	origin(t, where, sizeof(where));
	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &w.sys);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT,
		                        &w.verify);
	if (w.what == HTTP_WORDS_TIMEOUT)
		t->http->stale = 1;
	return http_words_explain(&w, e);
}

/* ---- callbacks from libcurl ---- */

static size_t give_data(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	struct http_call *c = t->call;

	(void)one;
	if (stopped(t->stop)) {
		c->rc = err_set(&c->err, ERR_STOPPED, "stopped");
		return CURL_WRITEFUNC_ERROR;
	}
	if (c->on_data != NULL && c->on_data(c->arg, data, len, &c->err) < 0) {
		c->rc = -1;
		return CURL_WRITEFUNC_ERROR;
	}
	/* Our own time in on_data() is not the peer's. */
	t->active_ms = now_ms();
	return len;
}

static size_t take_data(char *to, size_t one, size_t room, void *arg)
{
	struct transfer *t = arg;
	struct http_call *c = t->call;
	size_t len = 0;

	(void)one;
	if (c->on_body(c->arg, to, room, &len, &c->err) < 0) {
		c->rc = -1;
		return CURL_READFUNC_ABORT;
	}
	t->active_ms = now_ms();
	return len;
}

static size_t give_header(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	struct http_call *c = t->call;
	struct http_header h;

	(void)one;
	t->active_ms = now_ms();
	http_header_parse(&h, data, len);
	if (h.status != 0)
		c->status = h.status;
	else if (h.name[0] != '\0' && c->on_header != NULL)
		c->on_header(c->arg, h.name, h.value);
	return len;
}

/* ---- setting a transfer up ---- */

static int set_headers(struct transfer *t)
{
	const char *const *h = t->call->headers;
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *more;

	for (; list != NULL && h != NULL && *h != NULL; h++) {
		more = curl_slist_append(list, *h);
		if (more == NULL)
			curl_slist_free_all(list);
		list = more;
	}
	t->headers = list;
	if (list == NULL)
		return -1;
	SET(t, HTTPHEADER, list);
	return 0;
}

static void set_method(struct transfer *t)
{
	const struct http_call *c = t->call;
	const char *method = c->method != NULL ? c->method : "GET";
	_Bool post = strcmp(method, "POST") == 0;

	if (c->on_body != NULL) {
		SET(t, UPLOAD, 1L);
		SET(t, READFUNCTION, take_data);
		SET(t, READDATA, t);
		SET(t, INFILESIZE_LARGE, c->body_size == HTTP_SIZE_UNKNOWN ?
		    -1 : (curl_off_t)c->body_size);
		/* It cannot be sent twice, as on a connection that has died. */
		SET(t, FRESH_CONNECT, 1L);
	} else if (c->body != NULL || post) {
		SET(t, POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len);
		SET(t, POSTFIELDS, c->body != NULL ? c->body : "");
	} else if (strcmp(method, "HEAD") == 0) {
		SET(t, NOBODY, 1L);
	}
	SET(t, CUSTOMREQUEST, method);
}

/* libcurl 7.88 fails every second call on a connection that speaks HTTP/2
 * without TLS; 8.0 has that mended. */
static _Bool reuse_is_broken(void)
{
	unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;

	return version >= 0x075800 && version < 0x080000;
}

static void set_version(struct transfer *t)
{
	const struct http_call *c = t->call;
	long version = CURL_HTTP_VERSION_2TLS;

	if (c->version == HTTP_1)
		version = CURL_HTTP_VERSION_1_1;
	else if (c->version == HTTP_2 && strncasecmp(c->url, "http:", 5) == 0)
		version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
	SET(t, HTTP_VERSION, version);
	if (version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE &&
	    reuse_is_broken()) {
		SET(t, FRESH_CONNECT, 1L);
		SET(t, FORBID_REUSE, 1L);
	}
}

static void set_tls(struct transfer *t)
{
	const struct http *h = t->http;

	if (h->id.ca_file != NULL) {
		SET(t, CAINFO, h->id.ca_file);
		/* The built-in folder would be trusted as well. */
		SET(t, CAPATH, NULL);
	}
	SET(t, SSLCERT, h->id.cert_file);
	SET(t, SSLKEY, h->id.key_file);
	SET(t, SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static int set_up(struct transfer *t)
{
	const struct http_call *c = t->call;
	t->easy = curl_easy_init();
	if (t->easy == NULL || set_headers(t) < 0)
		return -1;
	SET(t, PRIVATE, t);
	SET(t, ERRORBUFFER, t->detail);
	SET(t, URL, c->url);
	SET(t, PROTOCOLS_STR, "http,https");
	SET(t, NOPROXY, "*");
	SET(t, NOSIGNAL, 1L);
	SET(t, TCP_KEEPALIVE, 1L);
	SET(t, CONNECTTIMEOUT_MS, (long)connect_ms(c));
	SET(t, TIMEOUT_MS, (long)c->total_ms);
	SET(t, BUFFERSIZE, (long)RECEIVE_BYTES);
	SET(t, HEADERFUNCTION, give_header);
	SET(t, HEADERDATA, t);
	SET(t, WRITEFUNCTION, give_data);
	SET(t, WRITEDATA, t);
	if (t->http->id.unix_socket != NULL)
		SET(t, UNIX_SOCKET_PATH, t->http->id.unix_socket);
	set_version(t);
	set_tls(t);
	set_method(t);
	t->active_ms = now_ms();
	return curl_multi_add_handle(t->http->multi, t->easy) == CURLM_OK ?
	       0 : -1;
}

/* ---- running ---- */

static void finish(struct transfer *t, CURLcode code)
{
	struct http_call *c = t->call;
	curl_off_t ready = 0;

	t->done = 1;
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
	c->unsent = ready == 0 && c->status == 0;
	if (code == CURLE_OK)
		c->rc = 0;
	else if (c->err.kind == ERR_NONE)
		c->rc = explain(t, code, &c->err);
	(void)curl_multi_remove_handle(t->http->multi, t->easy);
}

/* End what got no byte for too long. */
static void expire(struct transfer *t)
{
	unsigned idle_ms = t->call->idle_ms;
	curl_off_t sent = 0;
	char where[HTTP_WORDS_ORIGIN_MAX];

	if (t->done || idle_ms == 0 || now_ms() - t->active_ms < idle_ms)
		return;
	(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (sent != t->sent) {
		t->sent = sent;
		t->active_ms = now_ms();
		return;
	}
	origin(t, where, sizeof(where));
	t->http->stale = 1;
	t->call->rc = err_set(&t->call->err, ERR_REMOTE,
	                      "%s: no byte for %u ms", where, idle_ms);
	finish(t, CURLE_OPERATION_TIMEDOUT);
}

static size_t harvest(struct http *h, struct transfer *t, size_t n)
{
	size_t open = 0;
	struct transfer *ended;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode code = m->data.result;

		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
		                        &ended);
		finish(ended, code);
	}
	for (size_t i = 0; i < n; i++) {
		expire(&t[i]);
		open += !t[i].done;
	}
	return open;
}

static void end_all(struct transfer *t, size_t n, enum err_kind kind,
                    const char *why)
{
	for (size_t i = 0; i < n; i++) {
		if (t[i].done)
			continue;
		if (t[i].call->err.kind == ERR_NONE)
			t[i].call->rc = err_set(&t[i].call->err, kind, "%s",
			                        why);
		finish(&t[i], CURLE_ABORTED_BY_CALLBACK);
	}
}

static void loop(struct http *h, struct transfer *t, size_t n,
                 const volatile sig_atomic_t *stop)
{
	int running;

	while (curl_multi_perform(h->multi, &running) == CURLM_OK) {
		if (harvest(h, t, n) == 0)
			return;
		if (stopped(stop)) {
			end_all(t, n, ERR_STOPPED, "stopped");
			return;
		}
		if (curl_multi_poll(h->multi, NULL, 0, WAIT_MS, NULL) !=
		    CURLM_OK)
			break;
	}
	end_all(t, n, ERR_SYS, "libcurl failed");
}

/* After a timeout no connection of the pool is trusted: a host that lost its
 * power does not say so, and would cost each later call its full timeout. */
static void renew(struct http *h)
{
	CURLM *m = h->stale ? new_multi() : NULL;

	if (m == NULL)
		return;
	(void)curl_multi_cleanup(h->multi);
	h->multi = m;
	h->stale = 0;
}

void http_run_all(struct http *h, struct http_call *const *calls, size_t n,
                  const volatile sig_atomic_t *stop)
{
	struct transfer *t = calloc(n > 0 ? n : 1, sizeof(*t));

	renew(h);
	for (size_t i = 0; i < n; i++) {
		calls[i]->rc = -1;
		calls[i]->status = 0;
		calls[i]->unsent = 0;
		calls[i]->err = (struct err)ERR_INIT;
		if (t == NULL) {
			(void)err_nomem(&calls[i]->err);
			continue;
		}
		t[i].http = h;
		t[i].call = calls[i];
		t[i].stop = stop;
		if (set_up(&t[i]) < 0) {
			(void)err_nomem(&calls[i]->err);
			t[i].done = 1;
		}
	}
	if (t == NULL)
		return;
	loop(h, t, n, stop);
	for (size_t i = 0; i < n; i++) {
		curl_easy_cleanup(t[i].easy);
		curl_slist_free_all(t[i].headers);
	}
	free(t);
}

int http_run(struct http *h, struct http_call *call,
             const volatile sig_atomic_t *stop, struct err *e)
{
	http_run_all(h, &call, 1, stop);
	if (call->rc < 0)
		*e = call->err;
	return call->rc;
}
