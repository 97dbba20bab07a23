#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "snapshot/name.h"

static void ours_carry_time_node_and_revision(void **state)
{
	char a[NAME_MAX_LEN + 1], b[NAME_MAX_LEN + 1];
	struct name n;

	(void)state;
	name_make(a, 1795410367, "etcd/a b", 12345);
	assert_string_equal(a, "20261123T050607Z-etcd-a-b-r000000012345");
	assert_true(name_parse("20261123T050607Z-etcd-a-b-r000000012345"
	                       ".tar.zst", &n));
	assert_int_equal(n.form, NAME_OURS);
	assert_int_equal(n.time, 1795410367);
	assert_string_equal(n.node, "etcd-a-b");
	assert_int_equal(n.revision, 12345);
	name_make(b, 1795410367, "etcd/a b", 1000000);
	assert_true(strcmp(a, b) < 0);
	name_make(b, 1795410368, "a", 1);
	assert_true(strcmp(a, b) < 0);
	name_make(b, 0, "", UINT64_MAX);
	assert_string_equal(b, "19700101T000000Z-unknown-"
	                       "r18446744073709551615");
	name_make(b, INT32_MAX, "0123456789012345678901234567890123456789012345"
	          "67890123456789012345678901234567890123456789", INT64_MAX);
	assert_true(name_parse(b, &n));
	assert_int_equal(strlen(n.node), NAME_NODE_MAX);
	assert_int_equal(n.revision, INT64_MAX);
}

static void rkes_are_understood(void **state)
{
	static const struct { const char *text; int64_t time; } good[] = {
		{ "2021-03-05T12:00:00Z_etcd", 1614945600 },
		{ "2021-03-05T12:00:00Z_etcd.zip", 1614945600 },
		{ "2021-03-05T13:30:00+01:30_etcd.zip", 1614945600 },
		{ "2021-03-05T10:00:00.123-02:00_etcd", 1614945600 },
	};
	struct name n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(name_parse(good[i].text, &n));
		assert_int_equal(n.form, NAME_RKE);
		assert_int_equal(n.time, good[i].time);
	}
}

static void others_are_not(void **state)
{
	static const char *const bad[] = {
		"", "x", ".tar.zst", "20261123T050607Z", "20261123T050607Z-",
		"20261123T050607Z-r000000012345", "20261123T050607Z-a-r12",
		"20261123T050607Z-a-r00000001234x", "20261123T050607Z--r",
		"20260230T044607Z-a-r000000012345",
		"20261123T254607Z-a-r000000012345",
		"20261123T050607Z-a-r000000012345.db",
		"20261123T050607Z-a:b-r000000012345",
		"2021-03-05T12:00:00Z", "2021-03-05T12:00:00Z_etcd2",
		"2021-03-05T12:00:00_etcd", "2021-03-05T12:00:00+25:00_etcd",
		"2021-13-05T12:00:00Z_etcd", "2021-03-05T12:00:00.Z_etcd",
		"\xff\xfe", "2021-03-05T12:00:00+",
	};
	struct name n = { .time = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (name_parse(bad[i], &n))
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(n.time, 7);
}

static void users_names_are_checked(void **state)
{
	static const struct { const char *text, *result; } t[] = {
		{ "before-upgrade", "before-upgrade" },
		{ "before.tar.zst", "before" },
		{ "s1.zip", "s1" },
		{ "s1.db", "s1.db" },
		{ "Sch\xc3\xb6n 1:2", "Sch\xc3\xb6n 1:2" },
	};
	static const struct { const char *text, *error; } bad[] = {
		{ "", "a snapshot's name is empty" },
		{ "a\nb", "a snapshot's name holds a control character" },
		{ "../x", "not a snapshot name: '../x'\nhint: no '/' in it, "
		          "and no '.' or '-' as its first character" },
		{ ".zip", "not a snapshot name: '.zip'\nhint: no '/' in it, "
		          "and no '.' or '-' as its first character" },
		{ "-n", "not a snapshot name: '-n'\nhint: no '/' in it, and "
		          "no '.' or '-' as its first character" },
	};
	char out[NAME_MAX_LEN + 1], longer[NAME_MAX_LEN + 2];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(name_check(t[i].text, out, &e), 0);
		assert_string_equal(out, t[i].result);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(name_check(bad[i].text, out, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_string_equal(e.text, bad[i].error);
	}
	(void)memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(name_check(longer, out, &e), -1);
	assert_string_equal(e.text,
	                    "a snapshot's name is longer than 200 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_carry_time_node_and_revision),
		cmocka_unit_test(rkes_are_understood),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(users_names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
