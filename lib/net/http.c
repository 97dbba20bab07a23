#include "net/http.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "net/tls_words.h"

enum {
	CONNECT_MS = 10000,
	WAIT_MS = 200,          /* how late `stop` may be noticed */
	RECEIVE_BYTES = 512 << 10,
	HEADER_MAX = 4096,
};

struct http {
	CURLM *multi;
	char *ca_file, *cert_file, *key_file, *unix_socket;
	_Bool stale;            /* a call timed out: its connection may be dead */
};

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

static _Bool stopped(const volatile sig_atomic_t *stop)
{
	return stop != NULL && *stop != 0;
}

/* ---- the identity ---- */

static int take_file(char **out, const char *file, const char *what,
                     struct err *e)
{
	if (file == NULL || file[0] == '\0')
		return 0;
	if (access(file, R_OK) < 0)
		return err_set(e, ERR_USAGE, "cannot read the %s '%s': %s",
		               what, file, strerror(errno));
	*out = strdup(file);
	return *out == NULL ? err_nomem(e) : 0;
}

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
	if (take_file(&h->ca_file, o->ca_file, "CA", e) < 0 ||
	    take_file(&h->cert_file, o->cert_file, "certificate", e) < 0 ||
	    take_file(&h->key_file, o->key_file, "key", e) < 0)
		goto fail;
	if ((h->cert_file == NULL) != (h->key_file == NULL)) {
		(void)err_set(e, ERR_USAGE,
		              "a client certificate needs its key, and a key "
		              "its certificate");
		goto fail;
	}
	if (o->unix_socket != NULL)
		h->unix_socket = strdup(o->unix_socket);
	h->multi = new_multi();
	if (h->multi == NULL ||
	    (o->unix_socket != NULL && h->unix_socket == NULL)) {
		(void)err_nomem(e);
		goto fail;
	}
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
	free(h->ca_file);
	free(h->cert_file);
	free(h->key_file);
	free(h->unix_socket);
	free(h);
	curl_global_cleanup();
}

/* ---- what failed, in words ---- */

/* "https://host:port" of the call, without a user name, or the socket. */
static void origin(const struct transfer *t, char *out, size_t room)
{
	const char *url = t->call->url, *host = strstr(url, "://"), *at, *end;

	if (t->http->unix_socket != NULL) {
		(void)snprintf(out, room, "unix:%s", t->http->unix_socket);
		return;
	}
	host = host == NULL ? url : host + 3;
	end = host + strcspn(host, "/?#");
	at = memchr(host, '@', (size_t)(end - host));
	(void)snprintf(out, room, "%.*s%.*s", (int)(host - url), url,
	               (int)(end - (at == NULL ? host : at + 1)),
	               at == NULL ? host : at + 1);
}

static int lost(const char *where, const char *detail, struct err *e)
{
	if (detail[0] == '\0')
		return err_set(e, ERR_REMOTE, "%s: connection lost", where);
	return err_set(e, ERR_REMOTE, "%s: connection lost: %s", where, detail);
}

static int not_connected(struct transfer *t, const char *where, struct err *e)
{
	long sys = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
	if (sys == 0)
		return err_set(e, ERR_REMOTE, "%s: cannot connect: %s", where,
		               t->detail);
	return err_set(e, ERR_REMOTE, "%s: cannot connect: %s", where,
	               strerror((int)sys));
}

static int timed_out(struct transfer *t, const char *where, struct err *e)
{
	unsigned limit = t->call->connect_ms;

	t->http->stale = 1;
	if (t->call->unsent)
		return err_set(e, ERR_REMOTE, "%s: no connection within %u ms",
		               where, limit != 0 ? limit : CONNECT_MS);
	return err_set(e, ERR_REMOTE, "%s: no complete answer within %u ms",
	               where, t->call->total_ms);
}

static int explain(struct transfer *t, CURLcode code, struct err *e)
{
	char where[320];
	const char *tls;
	long verify = 0;

	origin(t, where, sizeof(where));
	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
	if (code != CURLE_PEER_FAILED_VERIFICATION)
		verify = 0;
	tls = tls_words_explain(verify, t->detail, t->http->cert_file != NULL);
	if (tls != NULL)
		return err_set(e, ERR_REMOTE, "%s: TLS: %s", where, tls);
	switch (code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_set(e, ERR_USAGE, "not a URL we can use: '%s'",
		               where);
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(e, ERR_REMOTE, "%s: cannot resolve the host name",
		               where);
	case CURLE_COULDNT_CONNECT:
		return not_connected(t, where, e);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(t, where, e);
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, ERR_USAGE, "%s: TLS: %s", where, t->detail);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, ERR_REMOTE, "%s: TLS: %s", where, t->detail);
	case CURLE_OUT_OF_MEMORY:
		return err_nomem(e);
	default:
		return lost(where, t->detail[0] != '\0' ? t->detail :
		            curl_easy_strerror(code), e);
	}
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

static void take_status(struct http_call *c, const char *line)
{
	const char *code = strchr(line, ' ');

	c->status = code == NULL ? 0 : atoi(code);
}

static size_t give_header(char *data, size_t one, size_t len, void *arg)
{
	struct transfer *t = arg;
	char line[HEADER_MAX], *value;
	size_t n = len < sizeof(line) ? len : sizeof(line) - 1;

	(void)one;
	t->active_ms = now_ms();
	(void)memcpy(line, data, n);
	while (n > 0 && isspace((unsigned char)line[n - 1]))
		n--;
	line[n] = '\0';
	value = strchr(line, ':');
	if (strncasecmp(line, "HTTP/", 5) == 0) {
		take_status(t->call, line);
	} else if (value != NULL && t->call->on_header != NULL) {
		*value++ = '\0';
		for (char *p = line; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		t->call->on_header(t->call->arg, line,
		                   value + strspn(value, " \t"));
	}
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
	(void)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, list);
	return 0;
}

static void set_method(struct transfer *t)
{
	const struct http_call *c = t->call;
	const char *method = c->method != NULL ? c->method : "GET";
	_Bool post = strcmp(method, "POST") == 0;

	if (c->on_body != NULL) {
		(void)curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, take_data);
		(void)curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
		(void)curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE,
		                       c->body_size == HTTP_SIZE_UNKNOWN ? -1 :
		                       (curl_off_t)c->body_size);
		/* It cannot be sent twice, as on a connection that has died. */
		(void)curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	} else if (c->body != NULL || post) {
		(void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                       (curl_off_t)c->body_len);
		(void)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS,
		                       c->body != NULL ? c->body : "");
	} else if (strcmp(method, "HEAD") == 0) {
		(void)curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	}
	(void)curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static long version_of(const struct http_call *c)
{
	if (c->version == HTTP_1)
		return CURL_HTTP_VERSION_1_1;
	if (c->version == HTTP_AUTO)
		return CURL_HTTP_VERSION_2TLS;
	return strncasecmp(c->url, "https:", 6) == 0 ?
	       CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

static void set_tls(struct transfer *t)
{
	const struct http *h = t->http;

	if (h->ca_file != NULL) {
		(void)curl_easy_setopt(t->easy, CURLOPT_CAINFO, h->ca_file);
		/* The built-in folder would be trusted as well. */
		(void)curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	}
	(void)curl_easy_setopt(t->easy, CURLOPT_SSLCERT, h->cert_file);
	(void)curl_easy_setopt(t->easy, CURLOPT_SSLKEY, h->key_file);
	(void)curl_easy_setopt(t->easy, CURLOPT_SSLVERSION,
	                       (long)CURL_SSLVERSION_TLSv1_2);
}

static int set_up(struct transfer *t)
{
	const struct http_call *c = t->call;
	CURL *easy = t->easy = curl_easy_init();
	unsigned connect_ms = c->connect_ms != 0 ? c->connect_ms : CONNECT_MS;

	if (easy == NULL || set_headers(t) < 0)
		return -1;
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->detail);
	(void)curl_easy_setopt(easy, CURLOPT_URL, c->url);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_of(c));
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	                       (long)connect_ms);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)c->total_ms);
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, give_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, give_data);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	if (t->http->unix_socket != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH,
		                       t->http->unix_socket);
	set_tls(t);
	set_method(t);
	t->active_ms = now_ms();
	return curl_multi_add_handle(t->http->multi, easy) == CURLM_OK ? 0 : -1;
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
	char where[320];

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

static void stop_all(struct transfer *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t[i].done)
			continue;
		if (t[i].call->err.kind == ERR_NONE)
			t[i].call->rc = err_set(&t[i].call->err, ERR_STOPPED,
			                        "stopped");
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
		if (stopped(stop))
			break;
		if (curl_multi_poll(h->multi, NULL, 0, WAIT_MS, NULL) !=
		    CURLM_OK)
			break;
	}
	stop_all(t, n);
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
