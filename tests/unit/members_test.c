#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "raft/members.h"

#define THREE "etcd-a=https://10.0.0.1:2380,etcd-b=https://10.0.0.2:2380," \
              "etcd-c=https://10.0.0.3:2380"

/* From `etcdctl snapshot restore` (etcd-formats, section 10). */
static const struct {
	const char *cluster, *token, *name;
	uint64_t id, cluster_id;        /* 0: not known */
} known[] = {
	{ "m1=http://127.0.0.1:22001", "tok", "m1", 0xf34f018f50b47380,
	  0x059325ba66727abf },
	{ THREE, "etcd-cluster", "etcd-a", 0x63044e73c12f33cd,
	  0x07bf295af7743bf7 },
	{ THREE, "etcd-cluster", "etcd-b", 0x0fde9dd315b6d0b2,
	  0x07bf295af7743bf7 },
	{ THREE, "etcd-cluster", "etcd-c", 0x26129ddf465384ed,
	  0x07bf295af7743bf7 },
	{ "x=http://10.0.0.9:2380,x=http://10.0.0.10:2380", "t2", "x",
	  0x5ed2acc65e358feb, 0 },
	{ "m1=http://127.0.0.1:1", "etcd-cluster", "m1", 0x58a88bf978398f80,
	  0 },
	{ "m1=HTTP://LOCALHOST:1", "etcd-cluster", "m1", 0xeb1c22940ba6abd9,
	  0 },
	{ "m1= unix://a:1 ,", "etcd-cluster", "m1", 0x867d548cf7fd327f, 0 },
};

static void ids_are_those_of_etcd(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct members m = MEMBERS_INIT;
		const struct members_one *one = NULL;
		struct err e = ERR_INIT;

		assert_int_equal(members_parse(&m, known[i].cluster,
		                               known[i].token, &e), 0);
		for (size_t k = 0; k < m.n; k++)
			if (strcmp(m.list[k].name, known[i].name) == 0)
				one = &m.list[k];
		assert_non_null(one);
		assert_int_equal(one->id, known[i].id);
		if (known[i].cluster_id != 0)
			assert_int_equal(m.cluster_id, known[i].cluster_id);
		members_close(&m);
	}
}

static void refuses_what_etcd_refuses(void **state)
{
	static const struct { const char *cluster, *why; } bad[] = {
		{ "", "it names no member" },
		{ ",,", "it names no member" },
		{ "a", "'a' is not of the form name=url" },
		{ "=http://h:1", "a member's name has 1 to 255 bytes" },
		{ "a\x01=http://h:1", "a member's name holds a control "
		  "character" },
		{ "a\xff=http://h:1", "a member's name is not UTF-8" },
		{ "a=http://h:1/", "url must not contain a path: "
		  "'http://h:1/'" },
		{ "a=http://u@h:1", "url must be scheme, host and port alone: "
		  "'http://u@h:1'" },
		{ "a=http://h", "url does not have the form "
		  "scheme://host:port: 'http://h'" },
		{ "a=http://h:", "url does not have the form "
		  "scheme://host:port: 'http://h:'" },
		{ "a=http://h:65536", "url does not have the form "
		  "scheme://host:port: 'http://h:65536'" },
		{ "a=http://::1:2380", "url does not have the form "
		  "scheme://host:port: 'http://::1:2380'" },
		{ "a=ftp://h:1", "url scheme must be http, https, unix or "
		  "unixs: 'ftp://h:1'" },
		{ "a=http://h:\"1", "url has a character that does not belong "
		  "in it: 'http://h:\"1'" },
		{ "a=http://h:1,b=http://h:1", "url 'http://h:1' is there "
		  "twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct members m = MEMBERS_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(members_parse(&m, bad[i].cluster, "t", &e),
		                 -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_memory_equal(e.text, "initial cluster: ", 17);
		assert_string_equal(e.text + 17, bad[i].why);
		members_close(&m);
	}
}

static void knows_itself(void **state)
{
	struct members m = MEMBERS_INIT;
	const struct members_one *one = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(members_parse(&m, "a=http://[::1]:1,a=http://h:2,"
	                               "b=http://h:3", "t", &e), 0);
	assert_int_equal(members_self(&m, "a", "http://h:2, HTTP://[::1]:1",
	                              &one, &e), 0);
	assert_string_equal(one->name, "a");
	assert_int_equal(members_self(&m, "c", "http://h:2", &one, &e), -1);
	assert_string_equal(e.text, "member 'c' is not in the initial cluster");
	assert_int_equal(members_self(&m, "b", "http://h:4", &one, &e), -1);
	assert_string_equal(e.text, "member 'b' advertises http://h:4, but the "
	                    "initial cluster has http://h:3");
	assert_int_equal(members_self(&m, "a", "http://h:2", &one, &e), -1);
	assert_string_equal(e.text, "member 'a' advertises http://h:2, but the "
	                    "initial cluster has http://[::1]:1");
	assert_int_equal(members_self(&m, "b", "http://h:3,", &one, &e), -1);
	assert_string_equal(e.text, "advertised peer urls: url scheme must be "
	                    "http, https, unix or unixs: ''");
	members_close(&m);
	members_close(&m);
}

static void writes_json_as_etcd(void **state)
{
	struct members m = MEMBERS_INIT;
	struct buf b = BUF_INIT(MEMBERS_JSON_MAX);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(members_parse(&m, "m<1>\"\\\xe2\x80\xa8\xc3\xa9="
	                 "http://127.0.0.1:22001", "tok", &e), 0);
	members_json(&m.list[0], &b);
	assert_string_equal(b.data, "{\"id\":17532233589422584704,\"peerURLs\":"
	        "[\"http://127.0.0.1:22001\"],\"name\":\"m\\u003c1\\u003e"
	        "\\\"\\\\\\u2028\xc3\xa9\"}");
	buf_close(&b);
	members_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_those_of_etcd),
		cmocka_unit_test(refuses_what_etcd_refuses),
		cmocka_unit_test(knows_itself),
		cmocka_unit_test(writes_json_as_etcd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
