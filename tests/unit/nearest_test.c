#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/nearest.h"

static const char *const words[] = {
	"", "name", "schedule", "retain", "endpoints", "up", "store", "state",
	"a-word-that-is-far-too-long-for-anybody-to-have-meant-it-by-mistake-x",
};

static const char *guess(const char *word)
{
	return nearest_word(word, words, sizeof(words) / sizeof(words[0]));
}

static void finds_near_words(void **state)
{
	(void)state;
	assert_string_equal(guess("nmae"), "name");
	assert_string_equal(guess("Name"), "name");
	assert_string_equal(guess("nam"), "name");
	assert_string_equal(guess("shedule"), "schedule");
	assert_string_equal(guess("scheduel"), "schedule");
	assert_string_equal(guess("retian"), "retain");
	assert_string_equal(guess("retains"), "retain");
	assert_string_equal(guess("endpoint"), "endpoints");
	assert_string_equal(guess("ip"), "up");
	assert_string_equal(guess("stote"), "store");
	assert_string_equal(guess("statw"), "state");
}

static void keeps_silent_about_far_ones(void **state)
{
	char longer[200];

	(void)state;
	assert_null(guess(""));
	assert_null(guess("x"));
	assert_null(guess("xyz"));
	assert_null(guess("kubernetes"));
	assert_null(guess("reboot"));
	assert_null(guess("stxyz"));
	assert_null(guess(words[8]));
	(void)memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(guess(longer));
	assert_null(nearest_word("name", words, 0));
}

static void prefers_the_closest_then_the_first(void **state)
{
	static const char *const close[] = { "stare", "stores", "store" };

	(void)state;
	assert_string_equal(nearest_word("store", close, 3), "store");
	assert_string_equal(nearest_word("storr", close, 3), "store");
	assert_string_equal(nearest_word("stork", close, 2), "stare");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_near_words),
		cmocka_unit_test(keeps_silent_about_far_ones),
		cmocka_unit_test(prefers_the_closest_then_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
