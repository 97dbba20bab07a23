#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/stage.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/stage-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int drop_dir(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static const char *path(const char *name)
{
	static char p[128];

	(void)snprintf(p, sizeof(p), "%s/%s", dir, name);
	return p;
}

static void publishes_whole(void **state)
{
	struct stage s = STAGE_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&s, dir, "a", 0600, &e), 0);
	assert_int_equal(stage_write(&s, "hello", 5, &e), 0);
	assert_int_equal(access(path("a"), F_OK), -1);
	assert_int_equal(access(path(".a.part"), F_OK), 0);
	assert_int_equal(stage_publish(&s, &e), 0);
	stage_close(&s);
	assert_int_equal(access(path("a"), F_OK), 0);
	assert_int_equal(access(path(".a.part"), F_OK), -1);
}

static void unpublished_bytes_vanish(void **state)
{
	struct stage s = STAGE_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&s, dir, "b", 0600, &e), 0);
	assert_int_equal(stage_write(&s, "x", 1, &e), 0);
	stage_close(&s);
	stage_close(&s);
	assert_int_equal(access(path("b"), F_OK), -1);
	assert_int_equal(access(path(".b.part"), F_OK), -1);
}

static void publish_as_refuses_an_existing_name(void **state)
{
	struct stage s = STAGE_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&s, dir, "tmp", 0600, &e), 0);
	assert_int_equal(stage_publish_as(&s, "c", &e), 0);
	stage_close(&s);
	assert_int_equal(stage_open(&s, dir, "tmp", 0600, &e), 0);
	assert_int_equal(stage_publish_as(&s, "c", &e), -1);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_string_equal(e.text, "'c' exists");
	stage_close(&s);
}

static void refuses_bad_names(void **state)
{
	struct stage s = STAGE_INIT;
	struct err e = ERR_INIT;
	char longer[STAGE_NAME_MAX + 2];

	(void)state;
	(void)memset(longer, 'n', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(stage_open(&s, dir, longer, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(stage_open(&s, dir, "../x", 0600, &e), -1);
	assert_string_equal(e.text, "not a file name: '../x'");
	assert_int_equal(stage_open(&s, "/nonexistent", "x", 0600, &e), -1);
	assert_string_equal(e.text, "cannot open folder '/nonexistent': "
	                            "No such file or directory");
	stage_close(&s);
	assert_true(stage_is_leftover(".x.part"));
	assert_false(stage_is_leftover("x.part"));
	assert_false(stage_is_leftover(".part"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(publishes_whole),
		cmocka_unit_test(unpublished_bytes_vanish),
		cmocka_unit_test(publish_as_refuses_an_existing_name),
		cmocka_unit_test(refuses_bad_names),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
