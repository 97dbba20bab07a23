#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../snapshotd/cron.h"

/* "2026-11-20 06:00" in UTC, as unix seconds. */
static int64_t utc(const char *text)
{
	struct tm tm = { .tm_sec = 0 };

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
	return (int64_t)timegm(&tm);
}

static const char *text_of(int64_t t)
{
	static char s[32];
	time_t tt = (time_t)t;
	struct tm tm;

	(void)strftime(s, sizeof(s), "%Y-%m-%d %H:%M", gmtime_r(&tt, &tm));
	return s;
}

static void slots(const char *expr, const char *zone, const char *after,
                  const char *const *want)
{
	struct err e = ERR_INIT;
	struct cron c;
	int64_t t = utc(after);

	assert_int_equal(cron_parse(&c, expr, zone, &e), 0);
	for (; *want != NULL; want++) {
		assert_int_equal(cron_next(&c, t, &t, &e), 0);
		assert_string_equal(text_of(t), *want);
	}
}
#define SLOTS(expr, zone, after, ...) \
	slots(expr, zone, after, (const char *const[]){ __VA_ARGS__, NULL })

static void refused(const char *expr, const char *zone, const char *want)
{
	struct err e = ERR_INIT;
	struct cron c = { .minute = 42 };

	assert_int_equal(cron_parse(&c, expr, zone, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, want);
	assert_int_equal(c.minute, 42);
}

static void finds_slots_in_utc(void **state)
{
	(void)state;
	SLOTS("0 */6 * * *", NULL, "2026-11-20 06:00",
	      "2026-11-20 12:00", "2026-11-20 18:00", "2026-11-21 00:00");
	SLOTS("15,45 8-9 * * *", "UTC", "2026-12-31 09:20",
	      "2026-12-31 09:45", "2027-01-01 08:15", "2027-01-01 08:45");
	SLOTS("10-40/15 3 * * *", "", "2026-11-20 00:00",
	      "2026-11-20 03:10", "2026-11-20 03:25", "2026-11-20 03:40",
	      "2026-11-21 03:10");
	SLOTS("  0 0\t29 Feb *  ", NULL, "2096-02-29 00:00",
	      "2104-02-29 00:00");
	SLOTS("0 0 31 * *", NULL, "2026-08-31 00:00",
	      "2026-10-31 00:00", "2026-12-31 00:00", "2027-01-31 00:00");
}

static void knows_names_and_nicknames(void **state)
{
	(void)state;
	SLOTS("@hourly", NULL, "2026-11-20 06:59", "2026-11-20 07:00");
	SLOTS("@daily", NULL, "2026-11-20 06:59", "2026-11-21 00:00");
	SLOTS("@midnight", NULL, "2026-11-20 06:59", "2026-11-21 00:00");
	SLOTS("@weekly", NULL, "2026-11-20 06:59", "2026-11-22 00:00");
	SLOTS("@monthly", NULL, "2026-11-20 06:59", "2026-12-01 00:00");
	SLOTS("@YEARLY", NULL, "2026-11-20 06:59", "2027-01-01 00:00");
	SLOTS("@annually", NULL, "2026-11-20 06:59", "2027-01-01 00:00");
	SLOTS("0 12 * JAN,jul Mon-wed", NULL, "2026-11-20 00:00",
	      "2027-01-04 12:00", "2027-01-05 12:00", "2027-01-06 12:00",
	      "2027-01-11 12:00");
	/* 7 is Sunday, also at the end of a range. */
	SLOTS("0 0 * * 7", NULL, "2026-11-20 00:00", "2026-11-22 00:00");
	SLOTS("0 0 * * fri-sun", NULL, "2026-11-19 00:00",
	      "2026-11-20 00:00", "2026-11-21 00:00", "2026-11-22 00:00",
	      "2026-11-27 00:00");
}

static void a_day_matches_either_field(void **state)
{
	(void)state;
	/* Friday, or the 13th. */
	SLOTS("0 0 13 * 5", NULL, "2026-12-10 00:00",
	      "2026-12-11 00:00", "2026-12-13 00:00", "2026-12-18 00:00");
	/* A field that begins with a star restricts further. */
	SLOTS("0 0 */2 * 5", NULL, "2026-12-01 00:00",
	      "2026-12-11 00:00", "2026-12-25 00:00");
}

static void skips_the_gap_of_spring(void **state)
{
	(void)state;
	/* Berlin goes from 02:00 to 03:00 on 2027-03-28, at 01:00 UTC. */
	SLOTS("30 2 * * *", "Europe/Berlin", "2027-03-27 00:00",
	      "2027-03-27 01:30", "2027-03-28 01:00", "2027-03-29 00:30");
	/* 02:00, 02:30 and 03:00 are one moment, and one slot. */
	SLOTS("*/30 1-3 * * *", "Europe/Berlin", "2027-03-28 00:00",
	      "2027-03-28 00:30", "2027-03-28 01:00", "2027-03-28 01:30",
	      "2027-03-28 23:00");
	/* Santiago has no midnight on the day. */
	SLOTS("@daily", "America/Santiago", "2026-09-05 12:00",
	      "2026-09-06 04:00", "2026-09-07 03:00");
	/* Apia went without a whole day. */
	SLOTS("0 12 * * *", "Pacific/Apia", "2011-12-29 12:00",
	      "2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00");
}

static void fires_once_in_the_fold_of_autumn(void **state)
{
	(void)state;
	/* Berlin has 02:00 to 03:00 twice on 2026-10-25, from 00:00 UTC. */
	SLOTS("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00",
	      "2026-10-25 00:30", "2026-10-26 01:30");
	SLOTS("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10",
	      "2026-10-26 01:30");
	SLOTS("0 * * * *", "Europe/Berlin", "2026-10-24 23:30",
	      "2026-10-25 00:00", "2026-10-25 02:00", "2026-10-25 03:00");
	/* Half an hour of daylight saving. */
	SLOTS("45 1 * * *", "Australia/Lord_Howe", "2027-04-03 00:00",
	      "2027-04-03 14:45", "2027-04-04 15:15");
}

static void every_minute_of_years_is_consistent(void **state)
{
	static const char *const zones[] = { "UTC", "Europe/Berlin",
		"America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham" };
	struct err e = ERR_INIT;
	struct cron c;
	int64_t t, n, last;

	(void)state;
	srand(7);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		assert_int_equal(cron_parse(&c, "7-59/13 1-3,22 * * *",
		                            zones[i], &e), 0);
		t = utc("2026-01-01 00:00") + rand() % 86400;
		for (int k = 0; k < 400; k++) {
			assert_int_equal(cron_next(&c, t, &n, &e), 0);
			assert_true(n > t && n <= t + 22 * 3600);
			/* Any moment between has the same next slot. */
			t += rand() % (n - t);
			assert_int_equal(cron_next(&c, t, &last, &e), 0);
			assert_int_equal(last, n);
			assert_int_equal(cron_last(&c, n, &last, &e), 0);
			assert_int_equal(last, n);
			t = n;
		}
	}
}

static void finds_the_last_slot_and_the_longest_gap(void **state)
{
	struct err e = ERR_INIT;
	struct cron c;
	int64_t t, gap;

	(void)state;
	assert_int_equal(cron_parse(&c, "0 2 * * 1-5", NULL, &e), 0);
	assert_int_equal(cron_last(&c, utc("2026-11-22 09:00"), &t, &e), 0);
	assert_string_equal(text_of(t), "2026-11-20 02:00");
	t = utc("2026-11-23 09:00");
	assert_int_equal(cron_longest_gap(&c, t, t + 86400, &gap, &e), 0);
	assert_int_equal(gap, 86400);
	assert_int_equal(cron_longest_gap(&c, t, t + 8 * 86400, &gap, &e), 0);
	assert_int_equal(gap, 3 * 86400);
	assert_int_equal(cron_last(&c, 3600, &t, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_string_equal(e.text, "no slot so early");
}

static void leaves_the_zone_of_the_process_alone(void **state)
{
	struct err e = ERR_INIT;
	struct cron c;
	time_t now = (time_t)utc("2026-07-01 00:00");
	struct tm tm;
	int64_t t;

	(void)state;
	assert_int_equal(cron_parse(&c, "@daily", "Europe/Berlin", &e), 0);
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	assert_int_equal(cron_next(&c, now, &t, &e), 0);
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	assert_int_equal(localtime_r(&now, &tm)->tm_gmtoff, 9 * 3600);
	assert_int_equal(unsetenv("TZ"), 0);
	assert_int_equal(cron_next(&c, now, &t, &e), 0);
	assert_null(getenv("TZ"));
	assert_string_equal(text_of(t), "2026-07-01 22:00");
}

static void errors_name_field_and_column(void **state)
{
	(void)state;
#define BAD(expr, text) refused(expr, NULL, "cron expression '" expr "': " text)
	BAD("61 * * * *", "minute field, column 1: '61' is not in 0-59");
	BAD("* 24 * * *", "hour field, column 3: '24' is not in 0-23");
	BAD("0 0 1,0 * *", "day of month field, column 7: '0' is not in 1-31");
	BAD("0 0 * foo *", "month field, column 7: unknown name 'foo'");
	BAD("0 0 * * 8", "day of week field, column 9: '8' is not in 0-7");
	BAD("0 99999999999 * * *",
	    "hour field, column 3: '99999999999' is not in 0-23");
	BAD("5-3 * * * *", "minute field, column 1: the range runs backwards");
	BAD("5/2 * * * *", "minute field, column 2: "
	    "a step needs a range or '*' before it");
	BAD("*/x * * * *", "minute field, column 3: a step is a number");
	BAD("*/0 * * * *", "minute field, column 3: '0' is not in 1-59");
	BAD("1, * * * *", "minute field, column 3: a value is missing");
	BAD("* * L * *", "day of month field, column 5: unexpected 'L'");
	BAD("0 0 * * 5#2", "day of week field, column 10: unexpected '#'");
	BAD("-5 * * * *", "minute field, column 1: unexpected '-'");
	BAD("", "the minute field is missing, 0 of 5 fields are there");
	BAD("* * *", "the month field is missing, 3 of 5 fields are there");
	BAD("* * * * * *", "column 11: text after the fifth field");
	BAD("@reboot", "unknown word\nhint: one of @hourly, @daily, @weekly, "
	    "@monthly, @yearly, or five fields");
}

static void what_never_fires_is_an_error(void **state)
{
	(void)state;
	BAD("0 0 31 feb *", "the expression never fires");
	BAD("0 0 30,31 2 *", "the expression never fires");
	BAD("0 0 31 4,6,9,11 *", "the expression never fires");
	/* Either field will do, so this one fires on Mondays of February. */
	SLOTS("0 0 31 2 mon", NULL, "2027-01-01 00:00", "2027-02-01 00:00");
	/* Both must match: the 1st or 29th of February, a Monday. */
	SLOTS("0 0 */28 2 mon", NULL, "2027-02-02 00:00",
	      "2038-02-01 00:00");
}

static void unknown_zones_are_errors(void **state)
{
	(void)state;
#define UNKNOWN(z) "unknown time zone '" z "'\n" \
	"hint: a name below /usr/share/zoneinfo/ such as Europe/Berlin, or UTC"
	refused("@daily", "Europe/Atlantis", UNKNOWN("Europe/Atlantis"));
	refused("@daily", "Europe", UNKNOWN("Europe"));
	refused("@daily", "Europe/", UNKNOWN("Europe/"));
	refused("@daily", "../../../etc/passwd",
	        "not a time zone name: '../../../etc/passwd'");
	refused("@daily", "/etc/localtime",
	        "not a time zone name: '/etc/localtime'");
	refused("@daily", "CET-1CEST,M3.5.0",
	        "not a time zone name: 'CET-1CEST,M3.5.0'");
	/* Lies there, and is no zone. */
	refused("@daily", "zone1970.tab", "not a time zone name: "
	        "'zone1970.tab'");
	refused("@daily", "leapseconds", UNKNOWN("leapseconds"));
}

static void bounds_text_and_time(void **state)
{
	char longer[CRON_TEXT_MAX + 2];
	struct err e = ERR_INIT;
	struct cron c;
	int64_t t;

	(void)state;
	(void)memset(longer, ' ', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	refused(longer, NULL, "a cron expression of more than 255 bytes");
	assert_int_equal(cron_parse(&c, "@daily", NULL, &e), 0);
	assert_int_equal(cron_next(&c, INT64_MAX, &t, &e), -1);
	assert_string_equal(e.text, "time is out of range: "
	                            "9223372036854775807");
	assert_int_equal(cron_next(&c, -1, &t, &e), -1);
	assert_string_equal(e.text, "time is out of range: -1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_slots_in_utc),
		cmocka_unit_test(knows_names_and_nicknames),
		cmocka_unit_test(a_day_matches_either_field),
		cmocka_unit_test(skips_the_gap_of_spring),
		cmocka_unit_test(fires_once_in_the_fold_of_autumn),
		cmocka_unit_test(every_minute_of_years_is_consistent),
		cmocka_unit_test(finds_the_last_slot_and_the_longest_gap),
		cmocka_unit_test(leaves_the_zone_of_the_process_alone),
		cmocka_unit_test(errors_name_field_and_column),
		cmocka_unit_test(what_never_fires_is_an_error),
		cmocka_unit_test(unknown_zones_are_errors),
		cmocka_unit_test(bounds_text_and_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
