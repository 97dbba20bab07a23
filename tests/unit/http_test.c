#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "net/http.h"
#include "net/http_header.h"
#include "net/http_words.h"

#define W "https://h:1"

static void failures_have_clear_words(void **state)
{
	static const struct {
		struct http_words w;
		enum err_kind kind;
		const char *text;
	} cases[] = {
		{{.what = HTTP_WORDS_LOST,
		  .where = W,
		  .detail = "x",
		  .no_word = 1},
		 ERR_REMOTE,
		 W ": connection lost: x\n"
		   "hint: maybe the server asks for a client certificate"},
		{{.what = HTTP_WORDS_LOST,
		  .where = W,
		  .detail = "x",
		  .no_word = 1,
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": connection lost: x\n"
		   "hint: maybe the server refused our client certificate"},
		{{.what = HTTP_WORDS_CONNECT,
		  .where = W,
		  .detail = "x",
		  .sys = ECONNREFUSED},
		 ERR_REMOTE,
		 W ": cannot connect: Connection refused"},
		{{.what = HTTP_WORDS_CONNECT, .where = W, .detail = "x"},
		 ERR_REMOTE,
		 W ": cannot connect: x"},
		{{.what = HTTP_WORDS_TIMEOUT,
		  .where = W,
		  .detail = "x",
		  .connecting = 1,
		  .limit_ms = 300},
		 ERR_REMOTE,
		 W ": no connection within 300 ms"},
		{{.what = HTTP_WORDS_TIMEOUT,
		  .where = W,
		  .detail = "x",
		  .limit_ms = 500},
		 ERR_REMOTE,
		 W ": no complete answer within 500 ms"},
		{{.what = HTTP_WORDS_RESOLVE, .where = W, .detail = "x"},
		 ERR_REMOTE,
		 W ": cannot resolve the host name"},
		{{.what = HTTP_WORDS_URL, .where = W, .detail = "x"},
		 ERR_USAGE,
		 "not a URL that can be used: '" W "'"},
		{{.what = HTTP_WORDS_TLS,
		  .where = W,
		  .detail = "x",
		  .verify = 20,
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": TLS: the server's certificate is not signed by the "
		   "trusted CA"},
		{{.what = HTTP_WORDS_TLS,
		  .where = W,
		  .detail = "x",
		  .verify = 10,
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": TLS: the server's certificate has expired"},
		{{.what = HTTP_WORDS_TLS,
		  .where = W,
		  .detail = "SSL: no alternative certificate subject "
			    "name matches target host name 'h'",
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": TLS: the server's certificate is for another "
		   "host name"},
		{{.what = HTTP_WORDS_LOST,
		  .where = W,
		  .detail = "sslv3 alert bad certificate"},
		 ERR_REMOTE,
		 W ": TLS: the server asks for a client certificate"},
		{{.what = HTTP_WORDS_LOST,
		  .where = W,
		  .detail = "sslv3 alert bad certificate",
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": TLS: the server refused our client certificate"},
		{{.what = HTTP_WORDS_OUR_TLS,
		  .where = W,
		  .detail = "x",
		  .have_cert = 1},
		 ERR_USAGE,
		 W ": TLS: x"},
		{{.what = HTTP_WORDS_LOST,
		  .where = W,
		  .detail = "x",
		  .have_cert = 1},
		 ERR_REMOTE,
		 W ": connection lost: x"},
		{{.what = HTTP_WORDS_MEMORY,
		  .where = W,
		  .detail = "x",
		  .have_cert = 1},
		 ERR_SYS,
		 "out of memory"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(http_words_explain(&cases[i].w, &e), -1);
		assert_string_equal(e.text, cases[i].text);
		assert_int_equal(e.kind, cases[i].kind);
	}
}

static void origins_hold_no_secret(void **state)
{
	char out[32];

	(void)state;
	http_words_origin("https://u:p@h:1/x?y", NULL, out, sizeof(out));
	assert_string_equal(out, "https://h:1");
	http_words_origin("https://u:p@q@h:1", NULL, out, sizeof(out));
	assert_string_equal(out, "https://h:1");
	http_words_origin("http://h?a@b", NULL, out, sizeof(out));
	assert_string_equal(out, "http://h");
	http_words_origin("h:1/x", NULL, out, sizeof(out));
	assert_string_equal(out, "h:1");
	http_words_origin("http://x/", "/run/d.sock", out, sizeof(out));
	assert_string_equal(out, "unix:/run/d.sock");
}

static void headers_are_read(void **state)
{
	static const struct {
		const char *line;
		int status;
		const char *name, *value;
	} cases[] = {
		{"HTTP/1.1 404 Not Found\r\n", 404, "", ""},
		{"HTTP/2 200 \r\n", 200, "", ""},
		{"HTTP/2\r\n", 0, "", ""},
		{"Content-Type:  text/plain; a=B \r\n", 0, "content-type",
		 "text/plain; a=B"},
		{"grpc-status:0\r\n", 0, "grpc-status", "0"},
		{"grpc-message: \r\n", 0, "grpc-message", ""},
		{"\r\n", 0, "", ""},
		{"", 0, "", ""},
	};
	static char longer[2 * HTTP_HEADER_MAX];
	struct http_header h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		http_header_parse(&h, cases[i].line, strlen(cases[i].line));
		assert_int_equal(h.status, cases[i].status);
		assert_string_equal(h.name, cases[i].name);
		assert_string_equal(h.value, cases[i].value);
	}
	(void)memset(longer, 'x', sizeof(longer));
	longer[1] = ':';
	http_header_parse(&h, longer, sizeof(longer));
	assert_int_equal(strlen(h.value), HTTP_HEADER_MAX - 3);
}

static void identities_are_checked(void **state)
{
	struct http_options o = {.ca_file = "/nonexistent/ca.pem"};
	struct err e = ERR_INIT;

	(void)state;
	assert_null(http_new(&o, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "cannot read the CA '/nonexistent/ca.pem': "
				    "No such file or directory");
	o = (struct http_options){.cert_file = "/dev/null"};
	assert_null(http_new(&o, &e));
	assert_string_equal(e.text, "a client certificate needs its key, and a "
				    "key its certificate");
}

static void what_is_no_url_is_usage(void **state)
{
	struct http_options o = {.ca_file = NULL};
	struct http_call c = {.url = "ftp://127.0.0.1/"};
	struct err e = ERR_INIT;
	struct http *h = http_new(&o, &e);

	(void)state;
	assert_non_null(h);
	assert_int_equal(http_run(h, &c, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text,
			    "not a URL that can be used: 'ftp://127.0.0.1'");
	assert_true(c.unsent);
	http_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_have_clear_words),
		cmocka_unit_test(origins_hold_no_secret),
		cmocka_unit_test(headers_are_read),
		cmocka_unit_test(identities_are_checked),
		cmocka_unit_test(what_is_no_url_is_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
