#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"

static void formats(void **state)
{
	static const struct {
		int64_t s;
		const char *utc, *compact;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z", "19700101T000000Z" },
		{ 951782399, "2000-02-28T23:59:59Z", "20000228T235959Z" },
		{ 951782400, "2000-02-29T00:00:00Z", "20000229T000000Z" },
		{ 4107542399, "2100-02-28T23:59:59Z", "21000228T235959Z" },
		{ 4107542400, "2100-03-01T00:00:00Z", "21000301T000000Z" },
		{ INT64_C(9223372036), "2262-04-11T23:47:16Z",
		  "22620411T234716Z" },
	};
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ns = cases[i].s * CLOCK_NS, back = -1;
		struct err e = ERR_INIT;

		clock_format_utc(ns, text);
		assert_string_equal(text, cases[i].utc);
		assert_int_equal(clock_parse(text, &back, &e), 0);
		assert_int_equal(back, ns);
		clock_format_compact(ns, text);
		assert_string_equal(text, cases[i].compact);
		assert_int_equal(clock_parse(text, &back, &e), 0);
		assert_int_equal(back, ns);
	}
	clock_format_utc(-1, text);
	assert_string_equal(text, "");
	clock_format_utc(CLOCK_NS - 1, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
}

static void parses_every_form(void **state)
{
	static const struct {
		const char *text;
		int64_t s, ns;
	} cases[] = {
		{ "2026-11-23T05:06:07Z", 1795410367, 0 },
		{ "2026-11-23t05:06:07z", 1795410367, 0 },
		{ "20261123T050607Z", 1795410367, 0 },
		{ "2026-11-23T05:06:07.5Z", 1795410367, 500000000 },
		{ "2026-11-23T05:06:07.000000001Z", 1795410367, 1 },
		{ "2026-11-23T05:06:07.0000000019Z", 1795410367, 1 },
		{ "2026-11-23T05:06:07+01:30", 1795410367 - 5400, 0 },
		{ "2026-11-23T05:06:07-23:59", 1795410367 + 86340, 0 },
		{ "2026-11-23T05:06:07-00:00", 1795410367, 0 },
		{ "2016-12-31T23:59:60Z", 1483228800, 0 },
		{ "2024-02-29T00:00:00Z", 1709164800, 0 },
		{ "1970-01-01T01:00:00+01:00", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;
		int64_t ns = -1;

		assert_int_equal(clock_parse(cases[i].text, &ns, &e), 0);
		assert_int_equal(ns, cases[i].s * CLOCK_NS + cases[i].ns);
	}
}

static void refuses_what_is_no_time(void **state)
{
	static const char *const cases[] = {
		"", " ", "now", "2026-11-23", "2026-11-23 05:06:07Z",
		"2026-11-23T05:06:07", "2026-11-23T05:06Z",
		"2026-11-23T05:06:07.Z", "2026-11-23T05:06:07Zx",
		"2026-11-23T05:06:07+0100", "2026-11-23T05:06:07+24:00",
		"2026-11-23T05:06:07+01:60", "2026-11-23T24:00:00Z",
		"2026-11-23T05:60:00Z", "2026-11-23T05:06:61Z",
		"2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
		"2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
		"0000-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
		"+026-11-23T05:06:07Z", "20261123T0506Z", "2026-11-23T",
		"12026-11-23T05:06:07Z",
		/* Beyond what fits nanoseconds. */
		"2263-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;
		char want[160] = "not a time: '";
		int64_t ns = 77;

		(void)strcat(want, cases[i]);
		(void)strcat(want, "' (as in 2026-11-23T05:06:07Z)");
		assert_int_equal(clock_parse(cases[i], &ns, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_string_equal(e.text, want);
		assert_int_equal(ns, 77);
	}
}

static void runs_forward(void **state)
{
	int64_t wall = clock_wall_ns(), mono = clock_monotonic_ms();

	(void)state;
	assert_true(wall > INT64_C(1700000000) * CLOCK_NS);
	assert_true(mono >= 0);
	assert_true(clock_monotonic_ms() >= mono);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(parses_every_form),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(runs_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
