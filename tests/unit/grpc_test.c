#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "net/grpc_frame.h"
#include "net/grpc_status.h"

/* A sink that writes down what it sees: "(3:abc)". */
static int begin(void *arg, size_t len, struct err *e)
{
	(void)e;
	buf_printf(arg, "(%zu:", len);
	return 0;
}

static int bytes(void *arg, const void *data, size_t len, struct err *e)
{
	(void)e;
	assert_true(len > 0);
	buf_append(arg, data, len);
	return 0;
}

static int end(void *arg, struct err *e)
{
	(void)e;
	buf_puts(arg, ")");
	return 0;
}

static int full(void *arg, const void *data, size_t len, struct err *e)
{
	(void)arg;
	(void)data;
	(void)len;
	return err_set(e, ERR_SYS, "the disk is full");
}

static const char stream[] = "\0\0\0\0\3abc"
			     "\0\0\0\0\0"
			     "\0\0\0\0\1x";
enum { STREAM = sizeof(stream) - 1 };

static void every_split_gives_the_same_messages(void **state)
{
	struct buf seen = BUF_INIT(BUF_MAX_LINE);
	struct grpc_frame_sink sink = {begin, bytes, end, &seen};
	struct err e = ERR_INIT;
	struct grpc_frame f;

	(void)state;
	for (size_t a = 0; a <= STREAM; a++) {
		for (size_t b = a; b <= STREAM; b++) {
			buf_clear(&seen);
			grpc_frame_init(&f, &sink, 100);
			assert_int_equal(grpc_frame_feed(&f, stream, a, &e), 0);
			assert_int_equal(
				grpc_frame_feed(&f, stream + a, b - a, &e), 0);
			assert_int_equal(
				grpc_frame_feed(&f, stream + b, STREAM - b, &e),
				0);
			assert_int_equal(grpc_frame_finish(&f, &e), 0);
			assert_string_equal(seen.data, "(3:abc)(0:)(1:x)");
			assert_int_equal(f.messages, 3);
		}
	}
	buf_close(&seen);
}

static void a_cut_stream_is_noticed(void **state)
{
	struct buf seen = BUF_INIT(BUF_MAX_LINE);
	struct grpc_frame_sink sink = {begin, bytes, end, &seen};
	struct grpc_frame f;

	(void)state;
	for (size_t a = 0; a <= STREAM; a++) {
		_Bool whole = a == 0 || a == 8 || a == 13 || a == STREAM;
		struct err e = ERR_INIT;

		grpc_frame_init(&f, &sink, 100);
		assert_int_equal(grpc_frame_feed(&f, stream, a, &e), 0);
		assert_int_equal(grpc_frame_finish(&f, &e), whole ? 0 : -1);
		if (!whole)
			assert_string_equal(e.text, "the answer ended in the "
						    "middle of a message");
	}
	buf_close(&seen);
}

static void refuses_what_it_must(void **state)
{
	struct buf seen = BUF_INIT(BUF_MAX_LINE);
	struct grpc_frame_sink sink = {begin, bytes, end, &seen};
	struct err e = ERR_INIT;
	struct grpc_frame f;

	(void)state;
	grpc_frame_init(&f, &sink, 2);
	assert_int_equal(grpc_frame_feed(&f, stream, STREAM, &e), -1);
	assert_string_equal(e.text, "a message of 3 bytes is longer than the 2 "
				    "that are allowed");
	assert_true(f.too_long);
	grpc_frame_init(&f, &sink, 100);
	assert_int_equal(grpc_frame_feed(&f, "\1\0\0\0\1x", 6, &e), -1);
	assert_string_equal(e.text, "the answer is compressed, which was not "
				    "asked for");
	grpc_frame_init(&f, &sink, 100);
	assert_int_equal(grpc_frame_feed(&f, "HTTP/", 5, &e), -1);
	assert_string_equal(e.text, "the answer is not gRPC");
	sink.bytes = full;
	grpc_frame_init(&f, &sink, 100);
	assert_int_equal(grpc_frame_feed(&f, stream, STREAM, &e), -1);
	assert_string_equal(e.text, "the disk is full");
	buf_close(&seen);
}

static void heads_are_big_endian(void **state)
{
	unsigned char head[GRPC_FRAME_HEAD];

	(void)state;
	grpc_frame_head(head, 0x01020304);
	assert_memory_equal(head, "\0\1\2\3\4", 5);
}

static void statuses_have_words_and_kinds(void **state)
{
	(void)state;
	assert_string_equal(grpc_status_word(0), "OK");
	assert_string_equal(grpc_status_word(14), "UNAVAILABLE");
	assert_string_equal(grpc_status_word(16), "UNAUTHENTICATED");
	assert_string_equal(grpc_status_word(17), "UNKNOWN");
	assert_string_equal(grpc_status_word(-1), "UNKNOWN");
	assert_int_equal(grpc_status_kind(14), ERR_REMOTE);
	assert_int_equal(grpc_status_kind(7), ERR_REFUSED);
	assert_int_equal(grpc_status_kind(15), ERR_CORRUPT);
	assert_int_equal(grpc_status_kind(5), ERR_MISSING);
	assert_int_equal(grpc_status_kind(0), ERR_NONE);
	assert_int_equal(grpc_status_parse("0"), 0);
	assert_int_equal(grpc_status_parse("13"), 13);
	assert_int_equal(grpc_status_parse("17"), GRPC_STATUS_UNKNOWN);
	assert_int_equal(grpc_status_parse(""), GRPC_STATUS_UNKNOWN);
	assert_int_equal(grpc_status_parse("0x"), GRPC_STATUS_UNKNOWN);
	assert_int_equal(grpc_status_parse("-1"), GRPC_STATUS_UNKNOWN);
	assert_int_equal(grpc_status_of_http(503), GRPC_STATUS_UNAVAILABLE);
	assert_int_equal(grpc_status_of_http(404), GRPC_STATUS_UNIMPLEMENTED);
	assert_int_equal(grpc_status_of_http(200), GRPC_STATUS_UNKNOWN);
}

static void messages_are_decoded(void **state)
{
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"a%20b", "a b"},
		{"%c3%A9", "\xc3\xa9"},
		{"100%", "100%"},
		{"%4", "%4"},
		{"%zz", "%zz"},
		{"a%0Ab%1b[1m", "a?b?[1m"},
		{"%25%32", "%2"},
		{"a%00b", "a?b"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s", cases[i][0]);
		grpc_status_decode(text);
		assert_string_equal(text, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_gives_the_same_messages),
		cmocka_unit_test(a_cut_stream_is_noticed),
		cmocka_unit_test(refuses_what_it_must),
		cmocka_unit_test(heads_are_big_endian),
		cmocka_unit_test(statuses_have_words_and_kinds),
		cmocka_unit_test(messages_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
