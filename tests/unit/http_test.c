#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "net/http.h"
#include "net/http_words.h"

#define W "https://h:1"

static void failures_have_clear_words(void **state)
{
	static const struct {
		struct http_words w;
		enum err_kind kind;
		const char *text;
	} cases[] = {
		{ { HTTP_WORDS_CONNECT, W, "x", ECONNREFUSED, 0, 0, 0, 0 },
		  ERR_REMOTE, W ": cannot connect: Connection refused" },
		{ { HTTP_WORDS_CONNECT, W, "x", 0, 0, 0, 0, 0 },
		  ERR_REMOTE, W ": cannot connect: x" },
		{ { HTTP_WORDS_TIMEOUT, W, "x", 0, 0, 0, 1, 300 },
		  ERR_REMOTE, W ": no connection within 300 ms" },
		{ { HTTP_WORDS_TIMEOUT, W, "x", 0, 0, 0, 0, 500 },
		  ERR_REMOTE, W ": no complete answer within 500 ms" },
		{ { HTTP_WORDS_RESOLVE, W, "x", 0, 0, 0, 0, 0 },
		  ERR_REMOTE, W ": cannot resolve the host name" },
		{ { HTTP_WORDS_URL, W, "x", 0, 0, 0, 0, 0 },
		  ERR_USAGE, "not a URL that can be used: '" W "'" },
		{ { HTTP_WORDS_TLS, W, "x", 0, 20, 1, 0, 0 }, ERR_REMOTE,
		  W ": TLS: the server's certificate is not signed by the "
		  "trusted CA" },
		{ { HTTP_WORDS_TLS, W, "x", 0, 10, 1, 0, 0 }, ERR_REMOTE,
		  W ": TLS: the server's certificate has expired" },
		{ { HTTP_WORDS_TLS, W, "SSL: no alternative certificate subject "
		    "name matches target host name 'h'", 0, 0, 1, 0, 0 },
		  ERR_REMOTE, W ": TLS: the server's certificate is for another "
		  "host name" },
		{ { HTTP_WORDS_LOST, W, "sslv3 alert bad certificate", 0, 0, 0,
		    0, 0 }, ERR_REMOTE,
		  W ": TLS: the server asks for a client certificate" },
		{ { HTTP_WORDS_LOST, W, "sslv3 alert bad certificate", 0, 0, 1,
		    0, 0 }, ERR_REMOTE,
		  W ": TLS: the server refused our client certificate" },
		{ { HTTP_WORDS_OUR_TLS, W, "x", 0, 0, 1, 0, 0 }, ERR_USAGE,
		  W ": TLS: x" },
		{ { HTTP_WORDS_LOST, W, "x", 0, 0, 1, 0, 0 }, ERR_REMOTE,
		  W ": connection lost: x" },
		{ { HTTP_WORDS_MEMORY, W, "x", 0, 0, 1, 0, 0 }, ERR_SYS,
		  "out of memory" },
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

static void identities_are_checked(void **state)
{
	struct http_options o = { .ca_file = "/nonexistent/ca.pem" };
	struct err e = ERR_INIT;

	(void)state;
	assert_null(http_new(&o, &e));
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "cannot read the CA '/nonexistent/ca.pem': "
	                            "No such file or directory");
	o = (struct http_options){ .cert_file = "/dev/null" };
	assert_null(http_new(&o, &e));
	assert_string_equal(e.text, "a client certificate needs its key, and a "
	                            "key its certificate");
}

static void what_is_no_url_is_usage(void **state)
{
	struct http_options o = { .ca_file = NULL };
	struct http_call c = { .url = "ftp://127.0.0.1/" };
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

static void a_stop_ends_it(void **state)
{
	static const volatile sig_atomic_t stop = 1;
	struct http_options o = { .unix_socket = "/nonexistent" };
	struct http_call c = { .url = "http://127.0.0.1:1/" };
	struct err e = ERR_INIT;
	struct http *h = http_new(&o, &e);

	(void)state;
	assert_non_null(h);
	/* Without a peer the first step may already have failed. */
	assert_int_equal(http_run(h, &c, &stop, &e), -1);
	assert_true(e.kind == ERR_STOPPED || e.kind == ERR_REMOTE);
	http_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_have_clear_words),
		cmocka_unit_test(origins_hold_no_secret),
		cmocka_unit_test(identities_are_checked),
		cmocka_unit_test(what_is_no_url_is_usage),
		cmocka_unit_test(a_stop_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
