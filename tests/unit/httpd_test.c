#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/httpd.h"

static struct httpd *server;

static void hello(void *ctx, struct httpd_answer *a)
{
	buf_printf(&a->body, "hello %s\n", (const char *)ctx);
}

static void sick(void *ctx, struct httpd_answer *a)
{
	(void)ctx;
	a->status = 503;
	a->type = "application/json";
	buf_puts(&a->body, "{}");
}

static void huge(void *ctx, struct httpd_answer *a)
{
	(void)ctx;
	(void)buf_reserve(&a->body, BUF_MAX_TEXT + 1);
}

static void nothing(void *ctx, struct httpd_answer *a)
{
	(void)ctx, (void)a;
}

static char world[] = "world";
static const struct httpd_route routes[] = {
	{ "/hello", hello }, { "/sick", sick }, { "/huge", huge },
	{ "/nothing", nothing }, { NULL, NULL },
};

static int setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	return httpd_open(&server, "127.0.0.1:0", routes, world, &e);
}

static int teardown(void **state)
{
	(void)state;
	httpd_close(server);
	server = NULL;
	return 0;
}

static int dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)atoi(strrchr(httpd_address(server), ':') +
	                                  1));
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Turn the server's loop until `fd` has something to read; 0 if it has not
 * within ten seconds. */
static int serve_until_readable(int fd)
{
	struct pollfd p[2] = { { .fd = httpd_fd(server), .events = POLLIN },
	                       { .fd = fd, .events = POLLIN } };

	for (int i = 0; i < 1000; i++) {
		int ms = httpd_timeout_ms(server);

		(void)poll(p, 2, ms < 0 || ms > 10 ? 10 : ms);
		httpd_run(server);
		if (p[1].revents != 0)
			return 1;
	}
	return 0;
}

/* Send `request` and return all that comes until the server hangs up. */
static const char *ask(const char *request)
{
	static char text[4096];
	size_t len = 0;
	ssize_t n;
	int fd = dial();

	assert_int_equal(write(fd, request, strlen(request)),
	                 (ssize_t)strlen(request));
	do {
		assert_true(serve_until_readable(fd));
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	(void)close(fd);
	text[len] = '\0';
	return text;
}

#define REST " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define GET(path) "GET " path REST
#define HEAD(path) "HEAD " path REST

static void has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in:\n%s", part, text);
}

static void answers_get_and_head(void **state)
{
	const char *t;

	(void)state;
	t = ask(GET("/hello?x=1"));
	has(t, "HTTP/1.1 200 OK\r\n");
	has(t, "Content-Type: text/plain; charset=utf-8\r\n");
	has(t, "Cache-Control: no-store\r\n");
	has(t, "\r\n\r\nhello world\n");
	t = ask(HEAD("/hello"));
	has(t, "HTTP/1.1 200 OK\r\n");
	has(t, "Content-Length: 12\r\n");
	assert_null(strstr(t, "hello"));
	t = ask(GET("/sick"));
	has(t, "HTTP/1.1 503 Service Unavailable\r\n");
	has(t, "Content-Type: application/json\r\n");
	has(t, "\r\n\r\n{}");
	has(ask(GET("/nothing")), "Content-Length: 0\r\n");
}

static void refuses_the_rest(void **state)
{
	const char *t;

	(void)state;
	has(ask(GET("/hello/")), "HTTP/1.1 404 Not Found\r\n");
	has(ask(GET("/../etc/passwd")), "\r\n\r\nnot found\n");
	t = ask("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	        "\r\nabc");
	has(t, "HTTP/1.1 405 Method Not Allowed\r\n");
	has(t, "Allow: GET, HEAD\r\n");
	has(t, "only GET and HEAD\n");
	has(ask("DELETE /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	        "\r\n"), "HTTP/1.1 405 ");
	has(ask(GET("/huge")), "HTTP/1.1 500 Internal Server Error\r\n");
	has(ask(GET("/huge")),
	    "\r\n\r\nthe answer is too long, or out of memory\n");
	/* Not HTTP at all: an error or a hang-up, and the server lives. */
	t = ask("\x16\x03\x01\r\n\r\n\r\n");
	assert_null(strstr(t, "200 OK"));
	has(ask(GET("/hello")), "hello world\n");
}

static void a_long_request_is_refused(void **state)
{
	char request[HTTPD_MEMORY + 1000];
	const char *t;

	(void)state;
	(void)memset(request, 'a', sizeof(request));
	(void)memcpy(request, "GET /", 5);
	(void)strcpy(request + sizeof(request) - 30, " HTTP/1.1\r\n\r\n");
	t = ask(request);
	assert_null(strstr(t, "200 OK"));
	has(ask(GET("/hello")), "hello world\n");
}

static void connections_are_bounded(void **state)
{
	const char *request = GET("/hello"), *rest = request + 10;
	int fd[HTTPD_CONNECTIONS + 1];
	char text[256] = "";

	(void)state;
	for (int i = 0; i < HTTPD_CONNECTIONS + 1; i++) {
		fd[i] = dial();
		assert_true(write(fd[i], request, 10) == 10);
		for (int k = 0; k < 3; k++)
			httpd_run(server);
	}
	/* The silent ones have a deadline, and the one too many waits. */
	assert_in_range(httpd_timeout_ms(server), 0, HTTPD_IDLE_S * 1000);
	assert_true(write(fd[HTTPD_CONNECTIONS], rest, strlen(rest)) > 0);
	for (int k = 0; k < 20; k++)
		httpd_run(server);
	assert_true(recv(fd[HTTPD_CONNECTIONS], text, sizeof(text) - 1,
	                 MSG_DONTWAIT) <= 0);
	(void)close(fd[0]);
	assert_true(serve_until_readable(fd[HTTPD_CONNECTIONS]));
	assert_true(recv(fd[HTTPD_CONNECTIONS], text, sizeof(text) - 1,
	                 MSG_DONTWAIT) > 0);
	has(text, "200 OK");
	for (int i = 1; i < HTTPD_CONNECTIONS + 1; i++)
		(void)close(fd[i]);
}

static void a_child_lets_go_without_harm(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		httpd_abandon(server);
		_exit(httpd_fd(server) >= 0 ? 7 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	has(ask(GET("/hello")), "hello world\n");
}

static void refused(const char *address, enum err_kind kind, const char *text)
{
	struct httpd *h = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(httpd_open(&h, address, routes, NULL, &e), -1);
	assert_null(h);
	assert_int_equal(e.kind, kind);
	assert_string_equal(e.text, text);
}

static void bad_addresses_are_named(void **state)
{
	char text[200];

	(void)state;
#define BAD(a) refused(a, ERR_USAGE, "not an address to listen on: '" a "'\n" \
	"hint: like 127.0.0.1:9420 or [::1]:9420")
	BAD("");
	BAD("9420");
	BAD("127.0.0.1");
	BAD("127.0.0.1:");
	BAD(":9420");
	BAD("127.0.0.1:65536");
	BAD("127.0.0.1:94x");
	BAD("127.0.0.1:+80");
	BAD("::1:9420");
	BAD("[::1:9420");
	BAD("[]:9420");
	refused("localhost:9420", ERR_USAGE, "cannot listen on localhost:9420: "
	        "'localhost' is not an IP address");
	(void)snprintf(text, sizeof(text),
	               "cannot listen on %s: Address already in use",
	               httpd_address(server));
	refused(httpd_address(server), ERR_SYS, text);
	refused("192.0.2.1:9420", ERR_SYS, "cannot listen on 192.0.2.1:9420: "
	        "Cannot assign requested address");
}

static void listens_on_ipv6(void **state)
{
	struct httpd *h = NULL;
	struct err e = ERR_INIT;

	(void)state;
	if (httpd_open(&h, "[::1]:0", routes, NULL, &e) < 0) {
		print_message("skipped: no IPv6 here: %s\n", e.text);
		skip();
	}
	assert_int_equal(strncmp(httpd_address(h), "[::1]:", 6), 0);
	assert_true(atoi(httpd_address(h) + 6) > 0);
	httpd_close(h);
	httpd_close(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(answers_get_and_head),
		T(refuses_the_rest),
		T(a_long_request_is_refused),
		T(connections_are_bounded),
		T(a_child_lets_go_without_harm),
		T(bad_addresses_are_named),
		T(listens_on_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
