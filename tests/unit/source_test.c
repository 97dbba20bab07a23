#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "snapshot/source.h"

static struct source three[3];

static void reset(void)
{
	static const char *const urls[] = { "a", "b", "c" };

	for (unsigned i = 0; i < 3; i++)
		three[i] = (struct source){
			.endpoint = urls[i], .answered = 1, .cluster_id = 7,
			.member_id = i + 1, .leader = 1, .applied_index = 100,
			.revision = 50,
		};
}

static int choose(const struct source_policy *p, size_t *at, struct buf *w,
                  struct err *e)
{
	buf_clear(w);
	return source_choose(three, 3, p, at, w, e);
}

static void takes_the_freshest_follower(void **state)
{
	const struct source_policy any = { 0 };
	struct buf w = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;
	size_t at = 9;

	(void)state;
	reset();
	assert_int_equal(choose(&any, &at, &w, &e), 0);
	assert_int_equal(at, 1);        /* not the leader, a */
	three[2].applied_index = 101;
	assert_int_equal(choose(&any, &at, &w, &e), 0);
	assert_int_equal(at, 2);
	three[0].applied_index = 102;
	assert_int_equal(choose(&any, &at, &w, &e), 0);
	assert_int_equal(at, 0);        /* fresher counts more */
	three[0].leader = 0;
	three[2].learner = 1;
	assert_int_equal(choose(&any, &at, &w, &e), 0);
	assert_int_equal(at, 1);
	assert_string_equal(w.data, "a has no leader\n"
	                            "c is a learner, which may lag behind\n");
	buf_close(&w);
}

static void refuses(const struct source_policy *p, enum err_kind kind,
                    const char *text)
{
	struct buf w = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;
	size_t at = 9;

	assert_int_equal(choose(p, &at, &w, &e), -1);
	assert_int_equal(e.kind, kind);
	assert_string_equal(e.text, text);
	assert_int_equal(at, 9);
	buf_close(&w);
}

static void refuses_what_cannot_be_trusted(void **state)
{
	struct source_policy p = { 0 };

	(void)state;
	reset();
	three[1].corrupt = 1;
	refuses(&p, ERR_REFUSED,
	        "the cluster has a CORRUPT alarm (b says so)\nhint: members "
	        "hold different data; find out which is right before taking "
	        "snapshots");
	reset();
	three[2].cluster_id = 8;
	refuses(&p, ERR_REFUSED,
	        "a belongs to cluster 7 and c to cluster 8");
	reset();
	p.cluster_id = 9;
	refuses(&p, ERR_REFUSED,
	        "a belongs to cluster 7, the snapshots here to cluster 9\n"
	        "hint: after a restore the cluster has a new id: pass "
	        "--new-cluster once, or use another folder");
	p.cluster_id = 7;
	p.min_revision = 51;
	refuses(&p, ERR_REFUSED,
	        "b is at revision 50, below 51 of the newest snapshot here\n"
	        "hint: etcd lost data or was restored; pass "
	        "--allow-lower-revision to accept it");
	p.min_revision = 50;
	for (int i = 0; i < 3; i++) {
		three[i].answered = 0;
		three[i].why = "x: connection refused";
	}
	refuses(&p, ERR_REMOTE, "no member to take a snapshot from: "
	        "x: connection refused; x: connection refused; "
	        "x: connection refused");
}

static void warns_of_a_full_cluster(void **state)
{
	const struct source_policy any = { 0 };
	struct buf w = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;
	size_t at;

	(void)state;
	reset();
	three[0].no_space = 1;
	assert_int_equal(choose(&any, &at, &w, &e), 0);
	assert_string_equal(w.data, "the cluster has a NOSPACE alarm and "
	                            "refuses writes\n");
	buf_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_freshest_follower),
		cmocka_unit_test(refuses_what_cannot_be_trusted),
		cmocka_unit_test(warns_of_a_full_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
