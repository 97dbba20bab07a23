#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "snapshot/proof.h"

static struct image im;

/* A database whose HashKV at 17 is known for two compactions. */
static int load(const char *name)
{
	static unsigned char data[256 << 10];
	struct err e = ERR_INIT;
	char cmd[128];
	size_t len;
	FILE *f;

	(void)snprintf(cmd, sizeof(cmd), "zcat tests/data/etcd/%s.db.gz", name);
	f = popen(cmd, "r");
	len = fread(data, 1, sizeof(data), f) - 32;
	im = (struct image)IMAGE_INIT;
	return pclose(f) != 0 || image_open(&im, len, 1, "/tmp", &e) < 0 ||
	       image_feed(&im, data, len, &e) < 0 || image_finish(&im, &e) < 0;
}

static enum proof_verdict judge(struct proof_member *m, size_t n, uint64_t rev)
{
	enum proof_verdict v;
	struct err e = ERR_INIT;

	assert_int_equal(proof_compare(&im, rev, m, n, &v, &e), 0);
	return v;
}

static void equal_on_all_is_verified(void **state)
{
	struct proof_member m[] = {
		{ .answered = 1, .hash = 84752913u, .compact_revision = -1 },
		{ .answered = 1, .hash = 2535833480u, .compact_revision = 16 },
	};

	(void)state;
	assert_int_equal(load("hk-3.5.30-0"), 0);
	assert_int_equal(judge(m, 2, 17), PROOF_VERIFIED);
	assert_int_equal(judge(m, 0, 17), PROOF_UNPROVEN);
	m[1].answered = 0;
	(void)strcpy(m[1].why, "no answer");
	assert_int_equal(judge(m, 2, 17), PROOF_UNPROVEN);
	assert_string_equal(m[1].why, "no answer");
	image_close(&im);
}

static void different_is_named(void **state)
{
	struct proof_member m[] = {
		{ .answered = 1, .hash = 84752913u, .compact_revision = -1 },
		{ .answered = 1, .hash = 5, .compact_revision = -1 },
		{ .answered = 0, .why = "down" },
	};

	(void)state;
	assert_int_equal(load("hk-3.5.30-0"), 0);
	assert_int_equal(judge(m, 3, 17), PROOF_DIVERGED);
	assert_int_equal(m[0].result, PROOF_EQUAL);
	assert_int_equal(m[1].result, PROOF_DIFFERENT);
	assert_int_equal(m[2].result, PROOF_NOT_COMPARED);
	assert_string_equal(m[1].why, "hash 5 where the snapshot has 84752913 "
	                              "at revision 17");
	m[1].inexact = 1;
	assert_int_equal(judge(m, 3, 17), PROOF_UNPROVEN);
	assert_string_equal(m[1].why,
	                    "it cannot be asked at just this revision "
	                    "(it compacted at -1, the snapshot at -1)");
	image_close(&im);
}

static void compactions_that_do_not_fit(void **state)
{
	struct proof_member m = {
		.answered = 1, .hash = 987427458u, .compact_revision = -1,
	};

	(void)state;
	assert_int_equal(load("hk-3.5.30-1"), 0);
	assert_int_equal(judge(&m, 1, 16), PROOF_UNPROVEN);
	assert_string_equal(m.why, "it answered for an earlier compaction "
	                    "(it compacted at -1, the snapshot at 16)");
	image_close(&im);
	assert_int_equal(load("hk-3.5.30-3"), 0);
	m.compact_revision = 30;
	assert_int_equal(judge(&m, 1, 24), PROOF_UNPROVEN);
	image_close(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_on_all_is_verified),
		cmocka_unit_test(different_is_named),
		cmocka_unit_test(compactions_that_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
