#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

enum { STAMP = 20 };                    /* "2026-11-23T05:06:07Z" */

static int ends[2];
static char got[2 * LOG_LINE_MAX];

static int open_pipe(void **state)
{
	(void)state;
	return pipe2(ends, O_NONBLOCK);
}

static int close_pipe(void **state)
{
	(void)state;
	log_init(-1, LOG_INFO_LINE, 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return 0;
}

/* The lines written since the last call. */
static char *lines(void)
{
	ssize_t n = read(ends[0], got, sizeof(got) - 1);

	got[n < 0 ? 0 : n] = '\0';
	return got;
}

/* The line without its time, which must be one. */
static char *line(void)
{
	char stamp[STAMP + 1];
	struct err e = ERR_INIT;
	int64_t ns;

	assert_true(strlen(lines()) > STAMP);
	(void)memcpy(stamp, got, STAMP);
	stamp[STAMP] = '\0';
	assert_int_equal(clock_parse(stamp, &ns, &e), 0);
	return got + STAMP;
}

/* One line of JSON with one value `v`, parsed and as written. */
static char *json_value(const char *text)
{
	char *at;

	log_say(LOG_WARN_LINE, "e", LOG_TEXT("v", text));
	at = strstr(lines(), "\"v\":");
	assert_non_null(at);
	return at + 4;
}

static void writes_text(void **state)
{
	(void)state;
	log_init(ends[1], LOG_DEBUG_LINE, 0);
	log_say(LOG_INFO_LINE, "snapshot", LOG_TEXT("name", "a.db"),
	        LOG_U64("rev", UINT64_MAX), LOG_I64("skew", -3),
	        LOG_BOOL("good", 1), LOG_BOOL("bad", 0), LOG_MS(NULL, 345),
	        LOG_MS("age", INT64_MIN), LOG_TEXT("none", NULL));
	assert_string_equal(line(), " info  snapshot name=a.db "
	                    "rev=18446744073709551615 skew=-3 good=true "
	                    "bad=false ms=345 age_ms=-9223372036854775808 "
	                    "none=-\n");
	log_event(LOG_ERROR_LINE, "stop", NULL, 0);
	assert_string_equal(line(), " error stop\n");
}

static void quotes_text(void **state)
{
	(void)state;
	log_init(ends[1], LOG_DEBUG_LINE, 0);
	log_say(LOG_DEBUG_LINE, "e", LOG_TEXT("a", ""), LOG_TEXT("b", "x y"),
	        LOG_TEXT("c", "x=y"), LOG_TEXT("d", "say \"\\\""),
	        LOG_TEXT("e", "1\n2\r\x1b[2J\x7f"),
	        LOG_TEXT("f", "caf\xc3\xa9"), LOG_TEXT("g", "\xff\xc3("),
	        LOG_TEXT("h", "\xc2\x9b\xe2\x80\xa8"), LOG_TEXT("i", "-"));
	assert_string_equal(line(), " debug e a=\"\" b=\"x y\" c=\"x=y\" "
	                    "d=\"say \\\"\\\\\\\"\" "
	                    "e=\"1\\n2\\u000d\\u001b[2J\\u007f\" "
	                    "f=caf\xc3\xa9 g=\"\\xff\\xc3(\" "
	                    "h=\"\\u009b\\u2028\" i=\"-\"\n");
}

static void writes_json(void **state)
{
	struct json *j = NULL;
	struct err e = ERR_INIT;
	const char *s;
	uint64_t u;
	int64_t i;

	(void)state;
	log_init(ends[1], LOG_DEBUG_LINE, 1);
	log_say(LOG_WARN_LINE, "snapshot", LOG_TEXT("name", "a \"b\"\n"),
	        LOG_U64("rev", UINT64_MAX), LOG_U64("small", 12),
	        LOG_I64("low", INT64_MIN), LOG_MS("took", 5),
	        LOG_BOOL("good", 1), LOG_TEXT("none", NULL));
	(void)lines();
	assert_int_equal(json_parse(&j, got, strlen(got), sizeof(got), &e), 0);
	assert_int_equal(json_get_str(j, "time", &s, &e), 0);
	assert_int_equal(strlen(s), STAMP);
	assert_int_equal(json_get_str(j, "level", &s, &e), 0);
	assert_string_equal(s, "warn");
	assert_int_equal(json_get_str(j, "event", &s, &e), 0);
	assert_string_equal(s, "snapshot");
	assert_int_equal(json_get_str(j, "name", &s, &e), 0);
	assert_string_equal(s, "a \"b\"\n");
	assert_int_equal(json_get_u64(j, "rev", &u, &e), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(json_get_str(j, "low", &s, &e), 0);
	assert_string_equal(s, "-9223372036854775808");
	assert_int_equal(json_get_i64(j, "took_ms", &i, &e), 0);
	assert_int_equal(i, 5);
	json_free(j);
	assert_non_null(strstr(got, ",\"rev\":\"18446744073709551615\","
	                       "\"small\":12,\"low\":\"-9223372036854775808\","
	                       "\"took_ms\":5,\"good\":true,\"none\":null}\n"));
}

static void escapes_json(void **state)
{
	(void)state;
	log_init(ends[1], LOG_DEBUG_LINE, 1);
	assert_string_equal(json_value(""), "\"\"}\n");
	assert_string_equal(json_value("\\\x1b\x7f"),
	                    "\"\\\\\\u001b\\u007f\"}\n");
	assert_string_equal(json_value("\xff\xc3\xa9"),
	                    "\"\\ufffd\xc3\xa9\"}\n");
	assert_string_equal(json_value("\xc2\x85"), "\"\\u0085\"}\n");
}

/* Every length around the limit, as text and as JSON, with and without
 * escapes: one line, whole, and JSON stays JSON. */
static void cuts_long_lines(void **state)
{
	char text[LOG_LINE_MAX + 100];
	struct err e = ERR_INIT;
	struct json *j;
	size_t len, n;
	_Bool told;

	(void)state;
	for (int mode = 0; mode < 4; mode++) {
		log_init(ends[1], LOG_DEBUG_LINE, mode & 1);
		(void)memset(text, mode & 2 ? '\n' : 'x', sizeof(text));
		for (len = 1900; len < sizeof(text); len++) {
			text[len] = '\0';
			log_say(LOG_INFO_LINE, "e", LOG_TEXT("v", text),
			        LOG_U64("after", 1), LOG_TEXT("w", text));
			text[len] = text[0];
			n = strlen(lines());
			assert_in_range(n, 1, LOG_LINE_MAX);
			assert_ptr_equal(strchr(got, '\n'), got + n - 1);
			told = strstr(got, "truncated") != NULL;
			assert_true(told || (mode & 2) == 0);
			assert_true(told || n > 2 * len);
			if (!(mode & 1))
				continue;
			assert_int_equal(json_parse(&j, got, n, n, &e), 0);
			json_free(j);
		}
		assert_non_null(strstr(got, mode & 1 ?
		                       "\",\"truncated\":true}\n" :
		                       "\" truncated=true\n"));
	}
}

static void keeps_to_its_level(void **state)
{
	enum log_level level = LOG_DEBUG_LINE;
	struct err e = ERR_INIT;

	(void)state;
	log_event(LOG_ERROR_LINE, "early", NULL, 0);
	assert_int_equal(log_parse_level("warn", &level, &e), 0);
	log_init(ends[1], level, 0);
	log_event(LOG_INFO_LINE, "no", NULL, 0);
	assert_string_equal(lines(), "");
	assert_false(log_wants(LOG_INFO_LINE));
	assert_true(log_wants(LOG_WARN_LINE));
	log_event(LOG_WARN_LINE, "yes", NULL, 0);
	assert_string_equal(line(), " warn  yes\n");
	assert_int_equal(log_parse_level("loud", &level, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "not a log level: 'loud' "
	                    "(debug, info, warn, error)");
	assert_int_equal(level, LOG_WARN_LINE);
}

static void leaves_errno_alone(void **state)
{
	(void)state;
	log_init(ends[0], LOG_DEBUG_LINE, 0);   /* not for writing */
	errno = ENOTTY;
	log_event(LOG_ERROR_LINE, "lost", NULL, 0);
	assert_int_equal(errno, ENOTTY);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pipe, close_pipe)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_text),
		TEST(quotes_text),
		TEST(writes_json),
		TEST(escapes_json),
		TEST(cuts_long_lines),
		TEST(keeps_to_its_level),
		TEST(leaves_errno_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
