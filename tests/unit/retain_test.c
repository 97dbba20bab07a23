#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "snapshot/retain.h"

#define H ((int64_t)3600)
#define D ((int64_t)86400)
#define NOW ((int64_t)1795154400)       /* 2026-11-20 06:00 UTC, a Friday */

static struct retain_entry good(int64_t ago)
{
	return (struct retain_entry){ .name = "x", .time = NOW - ago,
	                              .verdict = RETAIN_VERIFIED, .size = 10 };
}

static struct retain_entry doubtful(int64_t ago, enum retain_verdict v)
{
	struct retain_entry r = good(ago);

	r.verdict = v;
	return r;
}

/* `n` verified ones, one every `step`, the newest first and taken now. */
static void series(struct retain_entry *v, size_t n, int64_t step)
{
	for (size_t i = 0; i < n; i++)
		v[i] = good((int64_t)i * step);
}

static struct retain_sum plan(struct retain_entry *v, size_t n,
                              const struct retain_policy *p)
{
	struct retain_sum sum;
	struct err e = ERR_INIT;

	assert_int_equal(retain_plan(v, n, p, &sum, &e), 0);
	assert_int_equal(sum.kept + sum.deleted, n);
	return sum;
}

static struct retain_policy policy(void)
{
	struct retain_policy p = RETAIN_POLICY_INIT;

	p.now = NOW;
	return p;
}

static void expect(const struct retain_entry *r, _Bool keep, const char *why)
{
	assert_string_equal(r->reason, why);
	assert_int_equal(r->keep, keep);
}

static void without_rules_all_stay(void **state)
{
	struct retain_entry v[50];
	struct retain_policy p = policy();
	struct retain_sum sum;

	(void)state;
	series(v, 50, 100 * D);
	v[7].verdict = RETAIN_DAMAGED;
	sum = plan(v, 50, &p);
	assert_int_equal(sum.deleted, 0);
	assert_int_equal(sum.kept_bytes, 500);
	assert_int_equal(sum.reported, 1);
	expect(&v[49], 1, "no rule deletes anything");
}

static void counts_and_ages_apply_together(void **state)
{
	struct retain_entry v[20];
	struct retain_policy p = policy();
	struct retain_sum sum;

	(void)state;
	p.keep_count = 6;
	p.keep_age_s = 72 * H;
	series(v, 20, 6 * H);
	sum = plan(v, 20, &p);
	assert_int_equal(sum.deleted, 7);
	assert_int_equal(sum.deleted_bytes, 70);
	expect(&v[2], 1, "newest 3 verified");
	expect(&v[5], 1, "one of the 6 newest");
	expect(&v[12], 1, "not older than 72h");
	expect(&v[13], 0, "older than 72h and beyond the 6 newest");
	p.keep_age_s = 0;
	plan(v, 20, &p);
	expect(&v[6], 0, "beyond the 6 newest");
	p.keep_count = 1;
	plan(v, 20, &p);
	expect(&v[2], 1, "newest 3 verified");
	expect(&v[3], 0, "beyond the 3 newest");
	p.min_keep = 0;
	plan(v, 20, &p);
	expect(&v[0], 1, "newest 1 verified");
	expect(&v[1], 0, "beyond the 1 newest");
}

static void generations_keep_the_newest_of_each(void **state)
{
	struct retain_entry v[400];
	struct retain_policy p = policy();
	struct retain_sum sum;

	(void)state;
	p.hourly = 5;
	p.daily = 3;
	p.weekly = 2;
	p.monthly = 3;
	p.min_keep = 1;
	series(v, 400, 6 * H);
	sum = plan(v, 400, &p);
	expect(&v[0], 1, "newest 1 verified");
	expect(&v[1], 1, "hourly 2026-11-20T00");
	expect(&v[2], 1, "daily 2026-11-19");
	expect(&v[3], 1, "hourly 2026-11-19T12");
	expect(&v[4], 1, "hourly 2026-11-19T06");
	expect(&v[5], 0, "beyond the 1 newest, in no generation");
	expect(&v[6], 1, "daily 2026-11-18");
	/* Sunday the 15th, and the last of October and of September. */
	expect(&v[18], 1, "weekly 2026-W46");
	expect(&v[78], 1, "monthly 2026-10");
	expect(&v[202], 1, "monthly 2026-09");
	assert_int_equal(sum.kept, 9);
	/* Only what exists is counted: two years off do not use up days. */
	series(v, 4, 6 * H);
	for (int i = 4; i < 8; i++)
		v[i] = good(730 * D + i * D);
	p = policy();
	p.daily = 5;
	sum = plan(v, 8, &p);
	expect(&v[6], 1, "daily 2024-11-14");
	expect(&v[7], 0, "beyond the 3 newest, in no generation");
}

static void pinned_and_foreign_stay(void **state)
{
	struct retain_entry v[6];
	struct retain_policy p = policy();

	(void)state;
	p.keep_count = 1;
	series(v, 6, D);
	v[4].pinned = 1;
	v[5].kind = RETAIN_FOREIGN;
	plan(v, 6, &p);
	expect(&v[3], 0, "beyond the 3 newest");
	expect(&v[4], 1, "pinned");
	expect(&v[5], 1, "not ours");
	/* And foreign ones are not counted as ours. */
	v[0].kind = RETAIN_FOREIGN;
	plan(v, 6, &p);
	expect(&v[3], 1, "newest 3 verified");
}

static void doubtful_ones_wait_for_better_ones(void **state)
{
	struct retain_entry v[10];
	struct retain_policy p = policy();
	struct retain_sum sum;

	(void)state;
	p.keep_count = 3;
	series(v, 10, 6 * H);
	v[2] = doubtful(12 * H, RETAIN_UNPROVEN);
	v[4] = doubtful(24 * H, RETAIN_UNPROVEN);
	v[5] = doubtful(30 * H, RETAIN_DIVERGED);
	v[6] = doubtful(8 * D, RETAIN_DAMAGED);
	v[7] = doubtful(42 * H, RETAIN_UNKNOWN);
	sum = plan(v, 10, &p);
	assert_int_equal(sum.reported, 2);
	assert_true(v[5].report && v[6].report && !v[4].report);
	expect(&v[2], 1, "unproven, but fewer than 3 newer are verified");
	expect(&v[3], 1, "newest 3 verified");
	expect(&v[4], 0, "unproven, with 3 newer verified");
	expect(&v[5], 1, "diverged, not older than 7d");
	expect(&v[6], 0, "damaged, older than 7d, with 3 newer verified");
	expect(&v[7], 0, "not verified, with 3 newer verified");
	p.keep_age_s = 26 * H;
	p.min_keep = 1;
	plan(v, 10, &p);
	expect(&v[4], 1, "unproven, not older than 26h");
	expect(&v[5], 0, "diverged, older than 26h, with 1 newer verified");
}

static void the_future_takes_no_place(void **state)
{
	struct retain_entry v[12];
	struct retain_policy p = policy();
	struct retain_sum sum;

	(void)state;
	p.keep_count = 2;
	p.daily = 1;
	series(v, 12, 6 * H);
	for (int i = 8; i < 12; i++)
		v[i] = good(-i * 30 * D);
	v[0].time += RETAIN_SLACK;      /* clocks differ a little */
	sum = plan(v, 12, &p);
	expect(&v[0], 1, "newest 3 verified");
	expect(&v[2], 1, "newest 3 verified");
	expect(&v[3], 0, "beyond the 3 newest, in no generation");
	expect(&v[9], 1, "dated in the future");
	assert_int_equal(sum.reported, 4);
	/* The clock fell back to 1970: nothing is known to be old. */
	p.now = 1000;
	assert_int_equal(plan(v, 12, &p).deleted, 0);
}

static void a_jump_ahead_makes_nothing_old_at_once(void **state)
{
	struct retain_entry v[22];
	struct retain_policy p = policy();
	size_t left;

	(void)state;
	p.keep_age_s = 72 * H;
	series(v, 20, 6 * H);
	assert_int_equal(plan(v, 13, &p).deleted, 0);
	/* Three years: the last gap counts as a day, a third of 72 hours. */
	p.now = NOW + 1095 * D;
	assert_int_equal(plan(v, 13, &p).deleted, 4);
	expect(&v[8], 1, "not older than 72h");
	expect(&v[9], 0, "older than 72h and beyond the 3 newest");
	/* A first snapshot of the new era makes no difference to that. */
	left = 9;
	v[left++] = good(-1095 * D);
	assert_int_equal(plan(v, left, &p).deleted, 0);
	/* And however many jumps, the newest stay. */
	for (int i = 2; i < 9; i++) {
		p.now = NOW + i * 1095 * D;
		plan(v, left, &p);
		assert_true(v[left - 1].keep && v[0].keep && v[1].keep);
	}
}

static void one_second_is_one_snapshot(void **state)
{
	struct retain_entry v[6];
	struct retain_policy p = policy();

	(void)state;
	p.keep_count = 1;
	p.min_keep = 2;
	for (int i = 0; i < 6; i++)
		v[i] = good(i / 2 * H);
	plan(v, 6, &p);
	assert_true(v[0].keep && v[1].keep && v[2].keep && v[3].keep);
	assert_false(v[4].keep || v[5].keep);
}

static void refuses_nonsense(void **state)
{
	struct retain_entry v[2] = { good(0), good(0) };
	struct retain_policy p = policy();
	struct retain_sum sum;
	struct err e = ERR_INIT;

	(void)state;
	p.keep_age_s = -1;
	assert_int_equal(retain_plan(v, 1, &p, &sum, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "the age to keep is negative: -1s");
	p = policy();
	p.now = -5;
	assert_int_equal(retain_plan(v, 1, &p, &sum, &e), -1);
	assert_string_equal(e.text, "the clock is before 1970");
	p = policy();
	p.keep_age_s = 1;
	v[0].time = INT64_MIN;
	v[1].time = INT64_MAX;
	plan(v, 2, &p);
	expect(&v[0], 1, "newest 3 verified");
	expect(&v[1], 1, "dated in the future");
	assert_int_equal(plan(NULL, 0, &p).kept, 0);
}

/* ---- random folders ---- */

enum { MANY = 60 };

static void random_folder(struct retain_entry *v, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++) {
		v[i] = good(0);
		v[i].time = now + 40 * D - rand() % 400 * 6 * H - rand() % 3;
		v[i].verdict = (enum retain_verdict)(rand() % 5);
		if (rand() % 3 != 0)
			v[i].verdict = RETAIN_VERIFIED;
		v[i].kind = rand() % 8 ? RETAIN_OURS : RETAIN_FOREIGN;
		v[i].pinned = rand() % 10 == 0;
	}
}

static size_t newer_good(const struct retain_entry *v, size_t n, int64_t t,
                         int64_t now)
{
	int64_t seen[MANY];
	size_t k = 0, j;

	for (size_t i = 0; i < n; i++) {
		if (v[i].kind != RETAIN_OURS || v[i].time <= t ||
		    v[i].verdict != RETAIN_VERIFIED ||
		    v[i].time > now + RETAIN_SLACK)
			continue;
		for (j = 0; j < k && seen[j] != v[i].time; j++)
			;
		if (j == k)
			seen[k++] = v[i].time;
	}
	return k;
}

/* What must hold of any deletion, said without the rules' own code. */
static void check_deleted(const struct retain_entry *v, size_t n, size_t i,
                          const struct retain_policy *p)
{
	size_t newer = newer_good(v, n, v[i].time, p->now);
	_Bool suspect = v[i].verdict == RETAIN_DIVERGED ||
	                v[i].verdict == RETAIN_DAMAGED;

	assert_true(p->keep_count || p->keep_age_s || p->hourly || p->daily ||
	            p->weekly || p->monthly);
	assert_int_equal(v[i].kind, RETAIN_OURS);
	assert_false(v[i].pinned);
	assert_true(v[i].time <= p->now + RETAIN_SLACK);
	assert_true(newer >= (p->min_keep > 0 ? p->min_keep : 1));
	assert_true(v[i].verdict != RETAIN_VERIFIED || newer >= p->keep_count);
	if (p->keep_age_s > 0)
		assert_true(p->now - v[i].time > p->keep_age_s);
	if (suspect && p->keep_age_s == 0)
		assert_true(p->now - v[i].time > RETAIN_SUSPECT_S);
}

static void no_folder_loses_what_it_needs(void **state)
{
	struct retain_entry v[MANY], left[MANY];
	size_t deleted = 0, m;

	(void)state;
	srand(3);
	for (int round = 0; round < 3000; round++) {
		size_t n = (size_t)(rand() % (MANY + 1));
		struct retain_policy p = {
			.keep_count = rand() % 2 ? 0 : (unsigned)rand() % 9,
			.hourly = rand() % 4 ? 0 : (unsigned)rand() % 9,
			.daily = rand() % 3 ? 0 : (unsigned)rand() % 9,
			.weekly = rand() % 3 ? 0 : (unsigned)rand() % 9,
			.monthly = rand() % 3 ? 0 : (unsigned)rand() % 5,
			.keep_age_s = rand() % 2 ? 0 : rand() % 40 * 6 * H,
			.min_keep = (unsigned)rand() % 6,
			.now = NOW + (rand() % 5 ? 0 : rand() % 4000 * D),
		};

		random_folder(v, n, NOW);
		deleted += plan(v, n, &p).deleted;
		m = 0;
		for (size_t i = 0; i < n; i++) {
			assert_true(v[i].reason[0] != '\0');
			if (v[i].keep)
				left[m++] = v[i];
			else
				check_deleted(v, n, i, &p);
		}
		assert_int_equal(plan(left, m, &p).deleted, 0);
	}
	assert_true(deleted > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_all_stay),
		cmocka_unit_test(counts_and_ages_apply_together),
		cmocka_unit_test(generations_keep_the_newest_of_each),
		cmocka_unit_test(pinned_and_foreign_stay),
		cmocka_unit_test(doubtful_ones_wait_for_better_ones),
		cmocka_unit_test(the_future_takes_no_place),
		cmocka_unit_test(a_jump_ahead_makes_nothing_old_at_once),
		cmocka_unit_test(one_second_is_one_snapshot),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(no_folder_loses_what_it_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
