#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "etcd/etcd_client.h"
#include "etcd/etcd_endpoints.h"
#include "etcd/etcd_fault.h"
#include "etcd/etcd_kv.h"
#include "etcd/snapshot_stream.h"

/* ---- snapshot_stream ---- */

struct taken {
	uint64_t size;
	unsigned sizes;
	struct buf data;
};

static int on_size(void *arg, uint64_t size, struct err *e)
{
	struct taken *t = arg;

	(void)e;
	assert_int_equal(t->data.len, 0);
	t->size = size;
	t->sizes++;
	return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct err *e)
{
	struct taken *t = arg;

	(void)e;
	assert_true(len > 0);
	assert_int_equal(t->sizes, 1);
	buf_append(&t->data, data, len);
	return 0;
}

static void varint(struct buf *b, uint64_t v)
{
	unsigned char c;

	do {
		c = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		buf_append(b, &c, 1);
		v >>= 7;
	} while (v > 0);
}

/* A message as etcd 3.6 writes it, or with `strange` fields around. */
static void message(struct buf *b, uint64_t remaining, const void *blob,
		    size_t len, _Bool strange)
{
	buf_clear(b);
	if (strange) {
		buf_append(b, "\x0a\x02\x08\x01", 4); /* header */
		buf_append(b,
			   "\x7d"
			   "abcd",
			   5); /* 15, fixed32 */
		buf_append(b,
			   "\x79"
			   "abcdefgh",
			   9); /* 15, fixed64 */
		buf_append(b, "\x78\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
			   11);                  /* 15, varint */
		buf_append(b, "\x7a\x03xyz", 5); /* 15, bytes */
	}
	if (remaining > 0) {
		buf_append(b, "\x10", 1);
		varint(b, remaining);
	}
	if (len > 0) {
		buf_append(b, "\x1a", 1);
		varint(b, len);
		buf_append(b, blob, len);
	}
	buf_append(b,
		   "\x22\x05"
		   "3.6.0",
		   7);
}

static int feed(struct snapshot_stream *s, const struct buf *b, size_t piece,
		struct err *e)
{
	if (snapshot_stream_begin(s, b->len, e) < 0)
		return -1;
	for (size_t at = 0; at < b->len; at += piece)
		if (snapshot_stream_bytes(
			    s, b->data + at,
			    b->len - at < piece ? b->len - at : piece, e) < 0)
			return -1;
	return snapshot_stream_end(s, e);
}

static char image[2048], digest[SNAPSHOT_STREAM_DIGEST];

struct test_stream {
	struct taken taken;
	struct snapshot_stream_sink sink;
	struct snapshot_stream s;
	struct buf b;
	struct err e;
};

static void start(struct test_stream *t)
{
	*t = (struct test_stream){.b = BUF_INIT(1 << 20)};
	t->taken.data = (struct buf)BUF_INIT(1 << 20);
	t->sink = (struct snapshot_stream_sink){on_size, on_data, &t->taken};
	snapshot_stream_init(&t->s, &t->sink);
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (char)(i * 31 % 251);
	(void)memset(digest, 0xd1, sizeof(digest));
}

static int send(struct test_stream *t, uint64_t remaining, const void *blob,
		size_t len)
{
	message(&t->b, remaining, blob, len, 0);
	return feed(&t->s, &t->b, SIZE_MAX / 2, &t->e);
}

static void stop(struct test_stream *t)
{
	buf_close(&t->b);
	buf_close(&t->taken.data);
}

static void snapshots_arrive_whole_however_split(void **state)
{
	struct test_stream t;

	(void)state;
	for (size_t piece = 1; piece < 1100; piece += piece < 40 ? 1 : 97) {
		start(&t);
		message(&t.b, 1048, image, 1000, 1);
		assert_int_equal(feed(&t.s, &t.b, piece, &t.e), 0);
		message(&t.b, 1048, "", 0, 0);
		assert_int_equal(feed(&t.s, &t.b, piece, &t.e), 0);
		message(&t.b, 0, image + 1000, 1048, 1);
		assert_int_equal(feed(&t.s, &t.b, piece, &t.e), 0);
		assert_int_equal(snapshot_stream_finish(&t.s, &t.e), -1);
		message(&t.b, 0, digest, sizeof(digest), 0);
		assert_int_equal(feed(&t.s, &t.b, piece, &t.e), 0);
		assert_int_equal(snapshot_stream_finish(&t.s, &t.e), 0);
		assert_int_equal(t.taken.size, sizeof(image));
		assert_int_equal(t.taken.data.len, sizeof(image));
		assert_memory_equal(t.taken.data.data, image, sizeof(image));
		assert_memory_equal(t.s.digest, digest, sizeof(digest));
		assert_string_equal(t.s.version, "3.6.0");
		stop(&t);
	}
}

static void blobs_are_not_copied(void **state)
{
	struct test_stream t;

	(void)state;
	start(&t);
	message(&t.b, 0, image, 1024, 0);
	/* One piece in, one piece out. */
	assert_int_equal(feed(&t.s, &t.b, t.b.len, &t.e), 0);
	assert_int_equal(t.taken.data.len, 1024);
	stop(&t);
}

static void a_lying_size_is_refused(void **state)
{
	struct test_stream t;

	(void)state;
	start(&t);
	assert_int_equal(send(&t, 1024, image, 1024), 0);
	assert_int_equal(send(&t, 100, image, 512), -1);
	assert_string_equal(t.e.text,
			    "snapshot: the server says that 100 bytes "
			    "remain, but 512 of 2048 do");
	assert_int_equal(t.e.kind, ERR_REMOTE);
	stop(&t);
	start(&t);
	assert_int_equal(send(&t, 1024, image, 1000), -1);
	assert_string_equal(t.e.text, "snapshot: the server announces 1000 + "
				      "1024 bytes, which is no database");
	assert_int_equal(t.taken.data.len, 0);
	stop(&t);
	start(&t);
	assert_int_equal(send(&t, UINT64_MAX - 511, image, 1024), -1);
	stop(&t);
	start(&t);
	assert_int_equal(send(&t, 0, "", 0), -1);
	assert_string_equal(t.e.text, "snapshot: the server announces 0 + 0 "
				      "bytes, which is no database");
	stop(&t);
}

static void too_much_is_refused(void **state)
{
	struct test_stream t;

	(void)state;
	start(&t);
	assert_int_equal(send(&t, 512, image, 512), 0);
	assert_int_equal(send(&t, 0, image, 544), -1);
	assert_string_equal(t.e.text,
			    "snapshot: the server sends more than the "
			    "1024 bytes it announced");
	assert_int_equal(t.taken.data.len, 512);
	stop(&t);
	start(&t);
	assert_int_equal(send(&t, 0, image, 512), 0);
	assert_int_equal(send(&t, 0, digest, 32), 0);
	assert_int_equal(send(&t, 0, "x", 1), -1);
	stop(&t);
	start(&t);
	assert_int_equal(send(&t, 0, image, 512), 0);
	assert_int_equal(send(&t, 0, image, 33), -1);
	stop(&t);
}

static void too_little_is_refused(void **state)
{
	struct test_stream t;

	(void)state;
	start(&t);
	assert_int_equal(snapshot_stream_finish(&t.s, &t.e), -1);
	assert_string_equal(t.e.text, "snapshot: the server sent nothing");
	assert_int_equal(send(&t, 1024, image, 1024), 0);
	assert_int_equal(snapshot_stream_finish(&t.s, &t.e), -1);
	assert_string_equal(t.e.text,
			    "snapshot: the server ended it after 1024 "
			    "of 2048 bytes");
	assert_int_equal(send(&t, 0, image + 1024, 1024), 0);
	assert_int_equal(snapshot_stream_finish(&t.s, &t.e), -1);
	assert_string_equal(t.e.text, "snapshot: the server ended it without "
				      "the digest of its bytes");
	assert_int_equal(send(&t, 0, digest, 31), 0);
	assert_int_equal(snapshot_stream_finish(&t.s, &t.e), -1);
	assert_int_equal(send(&t, 0, digest, 1), 0);
	assert_int_equal(snapshot_stream_finish(&t.s, &t.e), 0);
	stop(&t);
}

static void endless_nothing_is_given_up(void **state)
{
	struct test_stream t;

	(void)state;
	start(&t);
	assert_int_equal(send(&t, 512, image, 1024), 0);
	for (int i = 0; i < SNAPSHOT_STREAM_EMPTY_MAX; i++)
		assert_int_equal(send(&t, 512, "", 0), 0);
	assert_int_equal(send(&t, 512, "", 0), -1);
	assert_string_equal(t.e.text,
			    "snapshot: the server sends nothing but "
			    "empty messages after 1024 of 1536 bytes");
	stop(&t);
}

static void broken_messages_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x10", 1}, /* no value */
		{"\x1a\x05"
		 "ab",
		 4},             /* shorter than said */
		{"\x13", 1},     /* a group */
		{"\x18\x01", 2}, /* blob as a number */
		{"\x00\x00", 2}, /* field 0 */
		{"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},
		{"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10},
		{"\x10\x80\x04\x1a\x01x\x1a\x01y", 9}, /* two blobs */
	};
	struct test_stream t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(&t);
		buf_append(&t.b, bad[i].bytes, bad[i].len);
		assert_int_equal(feed(&t.s, &t.b, 1, &t.e), -1);
		assert_int_equal(t.e.kind, ERR_REMOTE);
		stop(&t);
	}
}

/* ---- endpoints ---- */

static int add_url(void *arg, const char *url, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s ", url);
	return 0;
}

static void endpoints_are_read_as_etcdctl_does(void **state)
{
	static const struct {
		const char *list;
		_Bool tls;
		const char *result; /* or the error */
	} cases[] = {
		{"http://a:1", 0, "http://a:1 "},
		{"a:1,b:2", 0, "http://a:1 http://b:2 "},
		{"a:1,https://[::1]:2/", 1, "https://a:1 https://[::1]:2 "},
		{"http://a:1", 1,
		 "endpoint 'http://a:1' would not use the TLS "
		 "files that are given"},
		{"", 0, "no endpoints"},
		{"a:1,,b:2", 0, "an endpoint is empty"},
		{"unix://x", 0,
		 "endpoint 'unix://x' is neither http nor https"},
		{"http://u:p@a:1", 0, "an endpoint must not hold a user name"},
		{"http://a:1/x", 0,
		 "endpoint 'http://a:1/x' is not a URL of the "
		 "form https://host:port"},
		{"http://", 0,
		 "endpoint 'http://' is not a URL of the form "
		 "https://host:port"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf seen = BUF_INIT(BUF_MAX_LINE);
		struct err e = ERR_INIT;
		int rc = etcd_endpoints_parse(cases[i].list, cases[i].tls,
					      add_url, &seen, &e);

		assert_string_equal(rc == 0 ? seen.data : e.text,
				    cases[i].result);
		if (rc < 0)
			assert_int_equal(e.kind, ERR_USAGE);
		buf_close(&seen);
	}
}

/* ---- faults ---- */

static void faults_are_told_by_their_words(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
		etcd_fault_of("etcdserver: mvcc: required revision has "
			      "been compacted"),
		ETCD_FAULT_COMPACTED);
	assert_int_equal(etcd_fault_of("auth: user name is empty"),
			 ETCD_FAULT_NO_USER);
	assert_int_equal(etcd_fault_of("etcdserver: user name is empty"),
			 ETCD_FAULT_NO_USER);
	assert_int_equal(etcd_fault_of("etcdserver: can only promote a learner "
				       "member which is in sync with leader"),
			 ETCD_FAULT_LEARNER_BEHIND);
	assert_int_equal(etcd_fault_of("etcdserver: can only promote a learner "
				       "member"),
			 ETCD_FAULT_NOT_A_LEARNER);
	assert_int_equal(etcd_fault_of("something new"), ETCD_FAULT_NONE);
	assert_int_equal(etcd_fault_of(""), ETCD_FAULT_NONE);
	(void)err_set(&e, ERR_REMOTE, "x: auth: permission denied");
	etcd_fault_refine(etcd_fault_of(e.text), &e);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_string_equal(e.text,
			    "x: auth: permission denied\nhint: "
			    "snapshots and hashes need a user with the role "
			    "root");
}

static void a_prefix_has_an_end(void **state)
{
	static const struct {
		const char *prefix;
		size_t len;
		const char *end;
		size_t end_len;
	} cases[] = {
		{"a", 1, "b", 1},     {"a/", 2, "a0", 2},
		{"a\xff", 2, "b", 1}, {"\xff\xff", 2, "\0", 1},
		{"", 0, "\0", 1},
	};
	char to[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct etcd_kv_bytes prefix = {cases[i].prefix, cases[i].len};
		struct etcd_kv_bytes end = etcd_kv_prefix_end(prefix, to);

		assert_int_equal(end.len, cases[i].end_len);
		assert_memory_equal(end.data, cases[i].end, end.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots_arrive_whole_however_split),
		cmocka_unit_test(blobs_are_not_copied),
		cmocka_unit_test(a_lying_size_is_refused),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(too_little_is_refused),
		cmocka_unit_test(endless_nothing_is_given_up),
		cmocka_unit_test(broken_messages_are_refused),
		cmocka_unit_test(endpoints_are_read_as_etcdctl_does),
		cmocka_unit_test(faults_are_told_by_their_words),
		cmocka_unit_test(a_prefix_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
