#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "snapshot/manifest.h"
#include "snapshot/manifest_parse.h"
#include "snapshot/manifest_print.h"

static void fill(struct manifest *m)
{
	unsigned char md[DIGEST_LEN];
	struct manifest_member p = {
		.id = UINT64_C(0xfedcba9876543210), .name = (char *)"etcd-b",
		.endpoint = (char *)"https://10.0.0.2:2379",
		.result = MANIFEST_EQUAL, .hash = 4012345678,
		.compact_revision = 12,
	};

	(void)memset(md, 0xab, sizeof(md));
	manifest_set(m, &m->name, "20261123T050607Z-a-r000000012345");
	manifest_set(m, &m->lifeboat, "0.1.0");
	manifest_set(m, &m->host, "h\xff\x1b[31m");
	manifest_set(m, &m->started, "2026-11-23T05:06:07Z");
	manifest_set(m, &m->server_version, "3.5.16");
	manifest_add_endpoint(m, "https://10.0.0.1:2379");
	manifest_add_bucket(m, "key", 77);
	manifest_add_part(m, "db", UINT64_C(1) << 60, md);
	manifest_add_member(m, &p);
	p.result = MANIFEST_NOT_COMPARED;
	p.reason = (char *)"it had compacted";
	manifest_add_member(m, &p);
	manifest_add_check(m, "pages", MANIFEST_OK, NULL);
	manifest_add_check(m, "hashkv", MANIFEST_FAILED, "member b differs");
	manifest_warn(m, "line one\n%s", "line two");
	m->trigger = MANIFEST_SCHEDULED;
	m->verdict = MANIFEST_DIVERGED;
	m->cluster_id = 0x10;
	m->member_id = UINT64_MAX;
	m->revision = 12345;
	m->compact_revision = -1;
	m->raft_index = UINT64_MAX;
	m->image_size = 20480;
	m->status_hash = 0x00abcdef;
	m->hash_revision = 12345;
	m->hash_compact_revision = 12000;
	m->hash = 4012345678;
}

static void survives_the_round(void **state)
{
	struct manifest m = MANIFEST_INIT, n = MANIFEST_INIT;
	struct buf a = BUF_INIT(BUF_MAX_TEXT), b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = ERR_INIT;

	(void)state;
	fill(&m);
	assert_int_equal(manifest_print(&m, &a, &e), 0);
	assert_int_equal(manifest_parse(&n, a.data, a.len, &e), 0);
	assert_int_equal(manifest_print(&n, &b, &e), 0);
	/* All but the byte that is not UTF-8 comes back. */
	assert_string_equal(n.host, "h\xef\xbf\xbd [31m");
	assert_string_equal(a.data, b.data);
	assert_int_equal(n.raft_index, UINT64_MAX);
	assert_int_equal(n.member_id, UINT64_MAX);
	assert_int_equal(n.compact_revision, -1);
	assert_int_equal(n.status_hash, 0x00abcdef);
	assert_int_equal(n.verdict, MANIFEST_DIVERGED);
	assert_int_equal(n.trigger, MANIFEST_SCHEDULED);
	assert_int_equal(n.members[0].result, MANIFEST_EQUAL);
	assert_int_equal(n.members[0].hash, 4012345678);
	assert_null(n.members[0].reason);
	assert_string_equal(n.members[1].reason, "it had compacted");
	assert_int_equal(n.checks[1].result, MANIFEST_FAILED);
	assert_string_equal(n.warnings[0], "line one line two");
	assert_int_equal(manifest_find_part(&n, "db")->size, UINT64_C(1) << 60);
	assert_int_equal(manifest_find_part(&n, "db")->sha256[31], 0xab);
	assert_null(manifest_find_part(&n, "cluster.yml"));
	assert_non_null(strstr(a.data, "\"statusHash\": \"00abcdef\""));
	assert_non_null(strstr(a.data, "\"clusterId\": \"10\""));
	assert_non_null(strstr(a.data, "\"size\": \"1152921504606846976\""));
	assert_non_null(strstr(a.data, "\"verdict\": \"diverged\""));
	manifest_clear(&m);
	manifest_clear(&n);
	manifest_clear(&n);
	buf_close(&a);
	buf_close(&b);
}

#define HEAD "{\"schema\": 1, \"name\": \"n\", " \
             "\"etcd\": {\"clusterId\": \"a\"}, "
#define DATA "\"database\": {\"revision\": 1, \"imageSize\": 2, " \
             "\"statusHash\": \"0000000a\"}"

static void damage_is_named(void **state)
{
	static const struct { const char *text, *error; } bad[] = {
		{ "", "manifest: not json: line 1 column 0: unexpected token" },
		{ "[]", "manifest: 'schema' is missing" },
		{ "{\"schema\": 0}", "manifest: 'schema' is 0" },
		{ "{\"schema\": 1}", "manifest: 'name' is missing" },
		{ "{\"schema\": 2}",
		  "manifest: the manifest has schema 2, this "
		  "program knows up to 1\nhint: use a newer lifeboat" },
		{ "{\"schema\": 1, \"name\": 7, "
		  "\"etcd\": {\"clusterId\": \"a\"}, " DATA "}",
		  "manifest: 'name': expected a string, found a whole number" },
		{ HEAD "\"database\": {\"revision\": -1, \"imageSize\": 2}}",
		  "manifest: 'database.revision' is below zero" },
		{ HEAD "\"database\": {\"revision\": 1, \"imageSize\": 2, "
		  "\"statusHash\": \"xyz\"}}",
		  "manifest: 'database.statusHash': expected 8 hex digits" },
		{ HEAD DATA ", \"verdict\": \"fine\"}",
		  "manifest: 'verdict': unknown word 'fine'" },
		{ HEAD DATA ", \"parts\": {}}",
		  "manifest: 'parts': expected a list, found an object" },
		{ HEAD DATA ", \"parts\": [{\"name\": \"db\", \"size\": 1, "
		  "\"sha256\": \"00\"}]}", "manifest: parts[0]: 'sha256': "
		  "expected 64 hex digits" },
		{ HEAD DATA ", \"parts\": [1,2,3,4,5,6,7,8,9]}",
		  "manifest: 'parts' has more than 8 items" },
		{ HEAD DATA ", \"members\": [{\"id\": \"1\", \"hash\": "
		  "4294967296}]}", "manifest: members[0]: 'hash' is above 32 "
		  "bits" },
		{ HEAD DATA ", \"schema\": 1}", "manifest: not json: line 1 "
		  "column 134: duplicate object key" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct manifest m = MANIFEST_INIT;
		struct err e = ERR_INIT;

		assert_int_equal(manifest_parse(&m, bad[i].text,
		                                strlen(bad[i].text), &e), -1);
		assert_string_equal(e.text, bad[i].error);
		assert_int_equal(e.kind, strstr(bad[i].text, "\": 2}") &&
		                 bad[i].text[11] == '2' ? ERR_REFUSED
		                                        : ERR_CORRUPT);
		manifest_clear(&m);
	}
}

static void newer_fields_are_passed_over(void **state)
{
	struct manifest m = MANIFEST_INIT;
	struct err e = ERR_INIT;
	static const char text[] = HEAD DATA ", \"colour\": {\"a\": [1.5]}}";

	(void)state;
	assert_int_equal(manifest_parse(&m, text, strlen(text), &e), 0);
	assert_int_equal(m.verdict, MANIFEST_UNPROVEN);
	assert_int_equal(m.cluster_id, 10);
	manifest_clear(&m);
}

static void too_much_is_told(void **state)
{
	struct manifest m = MANIFEST_INIT;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = ERR_INIT;
	static char text[100000];

	(void)state;
	for (int i = 0; i <= MANIFEST_WARNINGS; i++)
		manifest_warn(&m, "w%d", i);
	assert_int_equal(manifest_print(&m, &b, &e), -1);
	assert_string_equal(e.text, "a manifest holds more than it can, or out "
	                            "of memory");
	manifest_clear(&m);
	(void)memset(text, '[', sizeof(text));
	assert_int_equal(manifest_parse(&m, text, sizeof(text), &e), -1);
	assert_string_equal(e.text, "manifest: json text is nested deeper than "
	                            "64 levels");
	(void)snprintf(text, sizeof(text),
	               "{\"schema\": 1, \"name\": \"%03000d\","
	               "\"etcd\": {\"clusterId\": \"a\"}, " DATA "}", 1);
	assert_int_equal(manifest_parse(&m, text, strlen(text), &e), -1);
	assert_string_equal(e.text,
	                    "manifest: 'name' is longer than 2048 bytes");
	manifest_clear(&m);
	buf_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(survives_the_round),
		cmocka_unit_test(damage_is_named),
		cmocka_unit_test(newer_fields_are_passed_over),
		cmocka_unit_test(too_much_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
