#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/shown.h"

static void is_shown(const char *text, const char *as)
{
	char out[SHOWN_MAX];

	assert_string_equal(shown_name(text, out), as);
}

static void test_plain_text_stays(void **state)
{
	(void)state;
	is_shown("", "");
	is_shown("a \"b\" \\ c", "a \"b\" \\ c");
	is_shown("\xc3\x9c" "ber-\xe5\xa4\x9c", "\xc3\x9c" "ber-\xe5\xa4\x9c");
}

static void test_what_a_terminal_acts_on_is_spelt(void **state)
{
	(void)state;
	is_shown("a\nb\tc", "a\\x0ab\\x09c");
	is_shown("\x1b[31m", "\\x1b[31m");
	is_shown("\x7f", "\\x7f");
	is_shown("\xc2\x9b" "31m", "\\xc2\\x9b" "31m");         /* CSI in C1 */
	is_shown("\xe2\x80\xa8", "\\xe2\\x80\\xa8");    /* line separator */
}

static void test_what_is_not_utf8_is_spelt(void **state)
{
	(void)state;
	is_shown("bad\xff", "bad\\xff");
	is_shown("\xc3", "\\xc3");
	is_shown("\xe5\xa4", "\\xe5\\xa4");
}

static void test_long_text_is_cut(void **state)
{
	char text[2 * SHOWN_MAX], out[SHOWN_MAX];

	(void)state;
	for (int c = 1; c < 256; c += 64) {
		(void)memset(text, c, sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		(void)shown_name(text, out);
		assert_in_range(strlen(out), SHOWN_MAX - 9, SHOWN_MAX - 1);
	}
	(void)memset(text, 0x1b, 255);          /* the longest file name */
	text[255] = '\0';
	assert_int_equal(strlen(shown_name(text, out)), 4 * 255);
}

static void test_width_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(shown_width(""), 0);
	assert_int_equal(shown_width("abc"), 3);
	assert_int_equal(shown_width("\xc3\x9c" "b"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_stays),
		cmocka_unit_test(test_what_a_terminal_acts_on_is_spelt),
		cmocka_unit_test(test_what_is_not_utf8_is_spelt),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_width_counts_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
