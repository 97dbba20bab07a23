#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../snapshotd/schedule.h"

#define H ((int64_t)3600)
#define D ((int64_t)86400)

static int64_t utc(const char *text)
{
	struct tm tm = { .tm_sec = 0 };

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
	return (int64_t)timegm(&tm);
}

static struct schedule every(int64_t interval_s)
{
	struct schedule s = SCHEDULE_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(schedule_every(&s, interval_s, &e), 0);
	return s;
}

static struct schedule cron(const char *expr, const char *zone)
{
	struct schedule s = SCHEDULE_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(schedule_cron(&s, expr, zone, &e), 0);
	return s;
}

/* A state at `now`, nothing known; the monotonic clock stands at 100000. */
static struct schedule_state at(const char *now)
{
	struct schedule_state st = {
		.now = { .wall = utc(now), .mono = 100000 },
		.good = SCHEDULE_NEVER,
		.attempt = SCHEDULE_NEVER,
	};

	return st;
}

static struct schedule_time ago(const struct schedule_state *st, int64_t s)
{
	return (struct schedule_time){ .wall = st->now.wall - s,
	                               .mono = st->now.mono - s };
}

static struct schedule_plan plan(const struct schedule *s,
                                 const struct schedule_state *st)
{
	struct schedule_plan p;
	struct err e = ERR_INIT;

	assert_int_equal(schedule_next(s, st, &p, &e), 0);
	return p;
}

static void expect(const struct schedule *s, const struct schedule_state *st,
                   const char *reason, int64_t wait_s, const char *why)
{
	struct schedule_plan p = plan(s, st);

	assert_string_equal(p.why, why);
	assert_string_equal(schedule_word(p.reason), reason);
	assert_int_equal(p.wait_s, wait_s);
	if (wait_s > 0)
		assert_int_equal(p.at, st->now.wall + wait_s);
}

static void the_first_comes_at_once(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-20 07:00");

	(void)state;
	expect(&s, &st, "first", 0, "first snapshot, there is none yet");
	st.good.wall = st.now.wall - 7 * H;
	expect(&s, &st, "first", 0,
	       "first snapshot, the last is of 2026-11-20T00:00:00Z");
	/* A restart does not take another one, nor shift the slots. */
	st.good.wall = st.now.wall - H / 2;
	expect(&s, &st, "regular", 5 * H, "regular slot 2026-11-20T12:00:00Z");
	s = cron("0 2 * * 1-5", NULL);
	st = at("2026-11-22 09:00");
	st.good.wall = utc("2026-11-20 02:00");
	expect(&s, &st, "regular", 17 * H, "regular slot 2026-11-23T02:00:00Z");
	st.good.wall = utc("2026-11-18 02:00");
	expect(&s, &st, "first", 0,
	       "first snapshot, the last is of 2026-11-18T02:00:00Z");
}

static void slots_follow_the_clock(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-20 06:00");

	(void)state;
	st.good = ago(&st, 6 * H);
	expect(&s, &st, "regular", 0, "regular slot 2026-11-20T06:00:00Z");
	st.now.wall -= 1;
	expect(&s, &st, "regular", 1, "regular slot 2026-11-20T06:00:00Z");
	s = cron("30 2 * * *", "Europe/Berlin");
	st = at("2026-10-25 00:30");
	st.good = st.attempt = ago(&st, 0);
	/* 25 hours, and not again an hour later. */
	expect(&s, &st, "regular", 25 * H, "regular slot 2026-10-26T01:30:00Z");
	st = at("2027-03-27 12:00");
	st.good = ago(&st, H);
	expect(&s, &st, "regular", 13 * H, "regular slot 2027-03-28T01:00:00Z");
}

static void a_missed_run_is_made_up_once(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-21 07:00");

	(void)state;
	st.good = ago(&st, 20 * H);
	expect(&s, &st, "missed", 0,
	       "slot 2026-11-20T12:00:00Z was missed and is made up");
	st.good = st.attempt = ago(&st, 1);
	expect(&s, &st, "regular", 5 * H, "regular slot 2026-11-21T12:00:00Z");
	/* After a restart within the interval, too. */
	st.attempt = (struct schedule_time)SCHEDULE_NEVER;
	st.good = (struct schedule_time){ st.now.wall - 2 * H, -1 };
	expect(&s, &st, "missed", 0,
	       "slot 2026-11-21T06:00:00Z was missed and is made up");
	/* A late wake-up of a minute is no missed run. */
	st.now.wall = utc("2026-11-21 06:01");
	expect(&s, &st, "regular", 0, "regular slot 2026-11-21T06:00:00Z");
}

static void failures_are_retried_with_backoff(void **state)
{
	static const int waits[] = { 15, 30, 60, 120 };
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-20 06:00");
	char why[32];

	(void)state;
	st.good = ago(&st, 6 * H);
	st.attempt = ago(&st, 0);
	for (int i = 0; i < 4; i++) {
		st.failures = i + 1;
		(void)snprintf(why, sizeof(why), "retry %d of 4", i + 1);
		expect(&s, &st, "retry", waits[i], why);
		assert_int_equal(plan(&s, &st).retry, i + 1);
	}
	st.failures = 5;
	expect(&s, &st, "resume", 6 * H, "slot 2026-11-20T12:00:00Z "
	       "after giving up on 4 retries");
	/* The next slot has its own retries. */
	st.failures = 6;
	expect(&s, &st, "retry", 15, "retry 1 of 4");
	/* A slot does not wait for a retry. */
	s.retry_first_s = 600;
	st.now.wall += 6 * H - 60;
	expect(&s, &st, "regular", 60, "regular slot 2026-11-20T12:00:00Z");
	s.retries = 0;
	expect(&s, &st, "resume", 60, "slot 2026-11-20T12:00:00Z "
	       "after giving up on 0 retries");
	s.retries = 9;
	st.now.wall -= H;
	st.failures = 9;
	expect(&s, &st, "retry", 600, "retry 9 of 9");
}

static void a_clock_set_forward_costs_one_snapshot(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-20 07:00");

	(void)state;
	st.good = st.attempt = ago(&st, H / 2);
	st.now.wall += 3 * D;
	/* Half an hour ago is half an hour ago: no slot was missed. */
	expect(&s, &st, "regular", 5 * H, "regular slot 2026-11-23T12:00:00Z");
	st.now.wall = utc("2029-01-01 00:10");
	expect(&s, &st, "missed", 0,
	       "slot 2029-01-01T00:00:00Z was missed and is made up");
	st.good = st.attempt = ago(&st, 0);
	expect(&s, &st, "regular", 6 * H - 600,
	       "regular slot 2029-01-01T06:00:00Z");
}

static void a_clock_set_back_stops_nothing(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st = at("2026-11-20 07:00");

	(void)state;
	st.good = st.attempt = ago(&st, H);
	st.now.wall -= 3 * D;
	expect(&s, &st, "regular", 5 * H, "regular slot 2026-11-17T12:00:00Z");
	/* By seconds, right after a slot was served: not again. */
	st = at("2026-11-20 06:00");
	st.good = st.attempt = ago(&st, 0);
	st.now.wall -= 20;
	expect(&s, &st, "regular", 6 * H + 20,
	       "regular slot 2026-11-20T12:00:00Z");
	/* Retries keep their pace. */
	st.failures = 2;
	st.now.wall -= 9 * D;
	expect(&s, &st, "retry", 30, "retry 2 of 4");
	/* From before the process, dated in the future: unknown. */
	st = at("2026-11-20 07:00");
	st.good.wall = utc("2026-11-23 06:00");
	expect(&s, &st, "first", 0, "first snapshot, there is none yet");
	/* And once it is made, all is regular, whatever lies on the disk. */
	st.good = st.attempt = ago(&st, 5);
	expect(&s, &st, "regular", 5 * H, "regular slot 2026-11-20T12:00:00Z");
	st.good = (struct schedule_time)SCHEDULE_NEVER;
	st.attempt = (struct schedule_time){ utc("2026-11-23 06:00"), -1 };
	st.failures = 1;
	expect(&s, &st, "retry", 0, "retry 1 of 4");
}

static void the_newest_time_is_not_of_the_future(void **state)
{
	const int64_t t[] = { 100, 5000, 900, 1030 };

	(void)state;
	assert_int_equal(schedule_newest(t, 4, 1000), 1030);
	assert_int_equal(schedule_newest(t, 4, 960), 900);
	assert_int_equal(schedule_newest(t, 4, 10), 0);
	assert_int_equal(schedule_newest(t, 0, 1000), 0);
}

/* Run a daemon for simulated weeks on a clock that is set now and then. */
static void no_jump_stops_or_storms(void **state)
{
	struct schedule s = every(6 * H);
	struct schedule_state st;
	struct schedule_plan p;
	int64_t last = 0, jumped = 0;
	int taken = 0, jumps = 0;

	(void)state;
	srand(11);
	schedule_spread(&s, "master-1", 1800);
	st = at("2026-11-20 07:13");
	st.now.mono = 0;
	while (st.now.mono < 400 * D) {
		p = plan(&s, &st);
		if (p.wait_s == 0) {
			st.now.wall += 20;
			st.now.mono += 20;
			assert_true(st.now.mono - last <= 13 * H);
			last = st.now.mono;
			st.attempt = st.now;
			if (rand() % 5 == 0) {
				st.failures++;
				continue;
			}
			st.failures = 0;
			st.good = st.now;
			taken++;
		}
		st.now.wall += 60;
		st.now.mono += 60;
		if (st.now.mono - jumped > D && rand() % 1000 == 0) {
			jumped = st.now.mono;
			st.now.wall += (rand() % 20001 - 10000) * 600;
			jumps++;
		}
	}
	assert_true(jumps > 50);
	assert_true(taken >= 4 * 400 - jumps);
	assert_true(taken <= 4 * 400 + jumps + 1);
}

static void a_node_keeps_its_own_delay(void **state)
{
	struct schedule s = every(6 * H), same = s, other = s;
	struct schedule_state st = at("2026-11-20 07:00");
	struct schedule_plan p;
	char node[16];
	int late = 0;

	(void)state;
	st.good = ago(&st, 60);
	schedule_spread(&s, "m1", 600);
	schedule_spread(&same, "m1", 600);
	schedule_spread(&other, "m2", 600);
	assert_int_equal(plan(&s, &st).at, plan(&same, &st).at);
	assert_int_not_equal(plan(&s, &st).at, plan(&other, &st).at);
	p = plan(&s, &st);
	assert_string_equal(p.why, "regular slot 2026-11-20T12:00:00Z");
	/* Taken within the delay of its slot, it is that slot's. */
	st = at("2026-11-20 12:00");
	st.good = st.attempt = ago(&st, 0);
	assert_int_equal(plan(&s, &st).slot, utc("2026-11-20 18:00"));
	for (int i = 0; i < 200; i++) {
		(void)snprintf(node, sizeof(node), "node-%d", i);
		schedule_spread(&s, node, 50000);
		p = plan(&s, &st);
		assert_in_range(p.at - p.slot, 0, 6 * H / 10 - 1);
		late += p.at - p.slot > 6 * H / 20;
	}
	assert_in_range(late, 70, 130);
	schedule_spread(&s, "m1", -5);
	assert_int_equal(plan(&s, &st).at, utc("2026-11-20 18:00"));
}

static void a_cron_delay_is_a_tenth_of_the_gap_at_most(void **state)
{
	struct schedule s = cron("0,10 6 * * *", NULL);
	struct schedule_state st = at("2026-11-20 05:00");
	struct schedule_plan p;

	(void)state;
	st.good = ago(&st, H);
	schedule_spread(&s, "m1", 3600);
	s.place = UINT32_MAX;
	p = plan(&s, &st);
	assert_int_equal(p.at - p.slot, 59);
	st = at("2026-11-20 06:02");
	st.good = ago(&st, 60);
	p = plan(&s, &st);
	assert_int_equal(p.slot, utc("2026-11-20 06:10"));
	assert_int_equal(p.at - p.slot, 3599);
}

static void age(const struct schedule *s, const char *now, int64_t want)
{
	struct err e = ERR_INIT;
	int64_t got;

	assert_int_equal(schedule_allows_age(s, utc(now), &got, &e), 0);
	assert_int_equal(got, want);
}

static void tells_which_age_is_healthy(void **state)
{
	struct schedule s = every(6 * H);

	(void)state;
	age(&s, "2026-11-20 07:00", 12 * H + 6 * H / 10);
	schedule_spread(&s, "m1", 600);
	age(&s, "2026-11-20 07:00", 12 * H + 6 * H / 10 + 600);
	s = every(60);
	age(&s, "2026-11-20 07:00", 180);
	s = cron("0 2 * * *", NULL);
	age(&s, "2026-11-20 07:00", D + H);
	s = cron("0 2 * * 1-5", NULL);
	age(&s, "2026-11-20 07:00", 3 * D + H);
	/* A day of 25 hours. */
	s = cron("0 12 * * *", "Europe/Berlin");
	age(&s, "2026-10-20 07:00", D + 2 * H);
	/* Only in January: the long wait counts while it lasts. */
	s = cron("0 * * 1 *", NULL);
	age(&s, "2026-01-10 00:30", H + 360);
	age(&s, "2026-12-25 00:30", 334 * D + H + H);
}

static void prints_and_refuses(void **state)
{
	struct schedule s = every(90);
	struct buf b = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;

	(void)state;
	schedule_print(&s, &b);
	s = every(6 * H);
	buf_puts(&b, ", ");
	schedule_print(&s, &b);
	s = cron("0 2 * * *", "Europe/Berlin");
	buf_puts(&b, ", ");
	schedule_print(&s, &b);
	assert_string_equal(b.data, "every 90s, every 6h, "
	                    "at '0 2 * * *' in Europe/Berlin");
	buf_close(&b);
	assert_int_equal(schedule_every(&s, 0, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text,
	                    "the interval is 0s, not between 1s and 366d");
	assert_int_equal(schedule_every(&s, 367 * D, &e), -1);
	assert_int_equal(schedule_cron(&s, "* *", NULL, &e), -1);
	assert_string_equal(e.text, "cron expression '* *': the day of month "
	                    "field is missing, 2 of 5 fields are there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_comes_at_once),
		cmocka_unit_test(slots_follow_the_clock),
		cmocka_unit_test(a_missed_run_is_made_up_once),
		cmocka_unit_test(failures_are_retried_with_backoff),
		cmocka_unit_test(a_clock_set_forward_costs_one_snapshot),
		cmocka_unit_test(a_clock_set_back_stops_nothing),
		cmocka_unit_test(the_newest_time_is_not_of_the_future),
		cmocka_unit_test(no_jump_stops_or_storms),
		cmocka_unit_test(a_node_keeps_its_own_delay),
		cmocka_unit_test(a_cron_delay_is_a_tenth_of_the_gap_at_most),
		cmocka_unit_test(tells_which_age_is_healthy),
		cmocka_unit_test(prints_and_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
