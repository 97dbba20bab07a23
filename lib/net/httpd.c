#include "net/httpd.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct httpd {
	struct MHD_Daemon *daemon;
	const struct httpd_route *routes;
	void *ctx;
	int listen_fd, epoll_fd;
	char address[HTTPD_ADDRESS_MAX + 1];
};

/* ---- addresses ---- */

/* Cut "host:port" or "[host]:port" in two; a host is numeric. */
static int split(const char *address, char host[64], char port[8],
                 struct err *e)
{
	const char *from = address, *end, *colon = strrchr(address, ':');
	size_t len = strlen(address), digits;

	if (len > HTTPD_ADDRESS_MAX || colon == NULL)
		goto bad;
	end = colon;
	if (*from == '[') {
		from++;
		if (--end <= from || *end != ']')
			goto bad;
	} else if (memchr(from, ':', (size_t)(end - from)) != NULL) {
		goto bad;
	}
	digits = strspn(colon + 1, "0123456789");
	if (end == from || digits == 0 || digits > 5 || colon[1 + digits] ||
	    atoi(colon + 1) > 65535)
		goto bad;
	(void)snprintf(host, 64, "%.*s", (int)(end - from), from);
	(void)snprintf(port, 8, "%s", colon + 1);
	return 0;
bad:
	return err_set(e, ERR_USAGE, "not an address to listen on: '%.80s'\n"
	               "hint: like 127.0.0.1:9420 or [::1]:9420", address);
}

static int listen_on(const char *address, const struct addrinfo *a,
                     struct err *e)
{
	int one = 1, fd;

	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	            0);
	if (fd < 0)
		return err_sys(e, "cannot listen on %s", address);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, a->ai_addr, a->ai_addrlen) < 0 ||
	    listen(fd, HTTPD_CONNECTIONS) < 0) {
		(void)err_sys(e, "cannot listen on %s", address);
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int dial(const char *address, struct err *e)
{
	struct addrinfo want = { .ai_family = AF_UNSPEC,
	                         .ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV |
	                                     AI_PASSIVE };
	struct addrinfo *a;
	char host[64], port[8];
	int rc, fd;

	if (split(address, host, port, e) < 0)
		return -1;
	rc = getaddrinfo(host, port, &want, &a);
	if (rc != 0)
		return err_set(e, ERR_USAGE, "cannot listen on %s: '%s' is "
		               "not an IP address", address, host);
	fd = listen_on(address, a, e);
	freeaddrinfo(a);
	return fd;
}

static int name_socket(struct httpd *h, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[48], port[8];

	if (getsockname(h->listen_fd, (struct sockaddr *)&ss, &len) < 0)
		return err_sys(e, "cannot name the listening socket");
	if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return err_set(e, ERR_SYS, "cannot name the listening socket");
	(void)snprintf(h->address, sizeof(h->address),
	               ss.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
	               port);
	return 0;
}

/* ---- answers ---- */

static enum MHD_Result reply(struct MHD_Connection *c,
                             const struct httpd_answer *a, const char *allow)
{
	struct MHD_Response *r;
	enum MHD_Result ok;

	r = MHD_create_response_from_buffer(a->body.len, a->body.data,
	                                    MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	ok = MHD_add_response_header(r, "Content-Type", a->type);
	if (ok == MHD_YES)
		ok = MHD_add_response_header(r, "Cache-Control", "no-store");
	if (ok == MHD_YES && allow != NULL)
		ok = MHD_add_response_header(r, "Allow", allow);
	if (ok == MHD_YES)
		ok = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return ok;
}

static void say(struct httpd_answer *a, unsigned status, const char *text)
{
	buf_close(&a->body);
	buf_puts(&a->body, text);
	a->status = status;
	a->type = "text/plain; charset=utf-8";
}

static void route(const struct httpd *h, const char *path,
                  struct httpd_answer *a)
{
	const struct httpd_route *r = h->routes;

	while (r->path != NULL && strcmp(r->path, path) != 0)
		r++;
	if (r->path == NULL) {
		say(a, 404, "not found\n");
		return;
	}
	r->fn(h->ctx, a);
	if (a->body.failed)
		say(a, 500, "the answer is too long, or out of memory\n");
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c,
                                  const char *path, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
	struct httpd_answer a = { .body = BUF_INIT(BUF_MAX_TEXT) };
	const char *allow = NULL;
	enum MHD_Result ok;

	/* Answered on the headers alone; a body that follows is not read, the
	 * connection ends with it. */
	(void)version, (void)data, (void)size, (void)state;
	say(&a, 200, "");
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
		route(cls, path, &a);
	} else {
		say(&a, 405, "only GET and HEAD\n");
		allow = "GET, HEAD";
	}
	ok = reply(c, &a, allow);
	buf_close(&a.body);
	return ok;
}

/* The library would print; lib/ never does. */
__attribute__((format(printf, 2, 0)))
static void on_log(void *cls, const char *fmt, va_list ap)
{
	(void)cls, (void)fmt, (void)ap;
}

/* ---- the server ---- */

static int start(struct httpd *h, struct err *e)
{
	const union MHD_DaemonInfo *info;

	h->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request,
		h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, h->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTPD_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTPD_IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_MEMORY,
		MHD_OPTION_END);
	if (h->daemon == NULL)
		return err_set(e, ERR_SYS, "cannot start serving on %s",
		               h->address);
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || info->epoll_fd < 0)
		return err_set(e, ERR_SYS, "cannot poll for %s", h->address);
	h->epoll_fd = info->epoll_fd;
	return 0;
}

int httpd_open(struct httpd **out, const char *address,
               const struct httpd_route *routes, void *ctx, struct err *e)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_nomem(e);
	h->routes = routes;
	h->ctx = ctx;
	h->epoll_fd = -1;
	h->listen_fd = dial(address, e);
	if (h->listen_fd < 0 || name_socket(h, e) < 0 || start(h, e) < 0) {
		httpd_close(h);
		return -1;
	}
	*out = h;
	return 0;
}

const char *httpd_address(const struct httpd *h)
{
	return h->address;
}

int httpd_fd(const struct httpd *h)
{
	return h->epoll_fd;
}

int httpd_timeout_ms(const struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

void httpd_run(struct httpd *h)
{
	(void)MHD_run(h->daemon);
}

void httpd_close(struct httpd *h)
{
	if (h == NULL)
		return;
	/* The daemon owns the listening socket once it runs. */
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	else if (h->listen_fd >= 0)
		(void)close(h->listen_fd);
	free(h);
}

void httpd_abandon(struct httpd *h)
{
	if (h == NULL)
		return;
	(void)close(h->listen_fd);
	(void)close(h->epoll_fd);
}
