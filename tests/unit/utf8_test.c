#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/utf8.h"

static void reads_characters(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		uint32_t c;
	} t[] = {
		{ "a", 1, 'a' }, { "\x7f", 1, 0x7f },
		{ "\xc2\x80", 2, 0x80 }, { "\xdf\xbf", 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 0x800 }, { "\xef\xbf\xbf", 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	};
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(utf8_decode(t[i].text, t[i].n, &c), t[i].n);
		assert_int_equal(c, t[i].c);
		assert_int_equal(utf8_decode(t[i].text, t[i].n - 1, &c), 0);
	}
}

static void refuses_other_bytes(void **state)
{
	static const char *const t[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xff", "\xc3(", "\xe2\x82(",
	};
	uint32_t c = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(utf8_decode(t[i], strlen(t[i]), &c), 0);
	assert_int_equal(c, 7);
}

static void knows_controls(void **state)
{
	(void)state;
	assert_true(utf8_is_control(0) && utf8_is_control('\n'));
	assert_true(utf8_is_control(0x1f) && utf8_is_control(0x7f));
	assert_true(utf8_is_control(0x9f) && utf8_is_control(0x2028));
	assert_false(utf8_is_control(' ') || utf8_is_control('~'));
	assert_false(utf8_is_control(0xa0) || utf8_is_control(0x20ac));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_characters),
		cmocka_unit_test(refuses_other_bytes),
		cmocka_unit_test(knows_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
