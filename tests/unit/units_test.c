#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/units.h"

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} t[] = {
		{ "0", 0 }, { "0s", 0 }, { "500ms", 500 }, { "90s", 90000 },
		{ "5m", 300000 }, { "12h", 43200000 }, { "7d", 604800000 },
		{ "2w", 1209600000 }, { "1h30m", 5400000 },
		{ "1.5h", 5400000 }, { "3d 4h", 273600000 },
		{ "12.3 s", 12300 }, { "250 ms", 250 },
		{ "1w1d1h1m1s1ms", 694861001 }, { "0.0001s", 1 },
		{ "9223372036854775807ms", INT64_MAX },
	};
	struct err e = ERR_INIT;
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ms = -1;
		assert_int_equal(units_parse_ms(t[i].text, &ms, &e), 0);
		assert_int_equal(ms, t[i].ms);
	}
}

static void refuses_durations(void **state)
{
	static const char *const t[] = {
		"", " ", "5", "00", "s", "-5s", "+5s", "5S", "5 ", " 5s", "5s ",
		"5  s", "1m1h", "1h1h", "1.s", ".5s", "1.1234567s", "5x",
		"5min", "1h30", "1h,30m", "1e3s", "\xc2\xb2s", "1h  1m",
	};
	struct err e = ERR_INIT;
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(units_parse_ms(t[i], &ms, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_non_null(strstr(e.text, "not a duration: '"));
	}
	assert_int_equal(units_parse_ms("5 min", &ms, &e), -1);
	assert_string_equal(e.text,
	        "not a duration: '5 min' (as in 90s, 1h30m, 7d)");
	assert_int_equal(units_parse_ms("9223372036854775808ms", &ms, &e), -1);
	assert_string_equal(e.text,
	        "duration '9223372036854775808ms' is too large");
	assert_int_equal(units_parse_ms("99999999999999999w", &ms, &e), -1);
	assert_non_null(strstr(e.text, "is too large"));
	assert_int_equal(units_parse_ms("99999999999999999999s", &ms, &e), -1);
	assert_non_null(strstr(e.text, "is too large"));
	assert_int_equal(ms, 42);
}

static void reads_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} t[] = {
		{ "0", 0 }, { "123", 123 }, { "123B", 123 }, { "10KB", 10000 },
		{ "64MiB", 67108864 }, { "64mib", 67108864 },
		{ "1.5GiB", 1610612736 }, { "1.5 GiB", 1610612736 },
		{ "1TB", 1000000000000 }, { "2TiB", 2199023255552 },
		{ "3GB", 3000000000 }, { "3MB", 3000000 }, { "3KiB", 3072 },
		{ "1.2KiB", 1229 }, { "0.999999TiB", 1099510528265 },
		{ "18446744073709551615", UINT64_MAX },
	};
	struct err e = ERR_INIT;
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bytes = 1;
		assert_int_equal(units_parse_bytes(t[i].text, &bytes, &e), 0);
		assert_int_equal(bytes, t[i].bytes);
	}
}

static void refuses_sizes(void **state)
{
	static const char *const t[] = {
		"", "MiB", "-1", "1.5", "1 ", "1Mi", "64M", "64MiBx", "1MiB2",
		"1  MiB", "0x10", "1,5GiB", "1.MiB",
	};
	struct err e = ERR_INIT;
	uint64_t bytes = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(units_parse_bytes(t[i], &bytes, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_non_null(strstr(e.text, "not a size: '"));
	}
	assert_int_equal(units_parse_bytes("64M", &bytes, &e), -1);
	assert_string_equal(e.text,
	        "not a size: '64M' (as in 64MiB, 1.5GiB, 4096)");
	assert_int_equal(units_parse_bytes("16777216TiB", &bytes, &e), -1);
	assert_string_equal(e.text, "size '16777216TiB' is too large");
	assert_int_equal(units_parse_bytes("18446744073709551616", &bytes, &e),
	                 -1);
	assert_non_null(strstr(e.text, "is too large"));
	assert_int_equal(bytes, 42);
}

static void prints_durations(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} t[] = {
		{ 0, "0 ms" }, { 999, "999 ms" }, { 1000, "1.0 s" },
		{ 12345, "12.3 s" }, { 59949, "59.9 s" }, { 59950, "1m" },
		{ 61000, "1m 1s" }, { 303000, "5m 3s" }, { 3599499, "59m 59s" },
		{ 3599500, "1h" }, { 5400000, "1h 30m" }, { 86399999, "1d" },
		{ 273600000, "3d 4h" }, { 1209600000, "14d" },
		{ -1500, "-1.5 s" }, { INT64_MIN, "-106751991167d 7h" },
	};
	char out[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		units_format_ms(t[i].ms, out);
		assert_string_equal(out, t[i].text);
	}
}

static void prints_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} t[] = {
		{ 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" }, { 1048575, "1.0 MiB" },
		{ 1048523, "1023.9 KiB" }, { 67108864, "64.0 MiB" },
		{ 1288490189, "1.2 GiB" }, { UINT64_MAX, "16777216.0 TiB" },
	};
	char out[UNITS_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		units_format_bytes(t[i].bytes, out);
		assert_string_equal(out, t[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(refuses_durations),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(refuses_sizes),
		cmocka_unit_test(prints_durations),
		cmocka_unit_test(prints_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
