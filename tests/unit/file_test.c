#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"

static char dir[64], path[96];

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/file-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/f", dir);
	return 0;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void put(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* What is said of `path`, with the path put where %s stands. */
static void assert_said(const struct err *e, enum err_kind kind,
                        const char *fmt)
{
	char want[400];
	const char *at = strstr(fmt, "%s");

	assert_non_null(at);
	(void)snprintf(want, sizeof(want), "%.*s%s%s", (int)(at - fmt), fmt,
	               path, at + 2);
	assert_int_equal(e->kind, kind);
	assert_string_equal(e->text, want);
}

static void reads_up_to_the_maximum(void **state)
{
	static const size_t sizes[] = { 0, 1, 99, 100, 101, 5000 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf b = BUF_INIT(100);
		struct err e = ERR_INIT;
		char text[5000];

		(void)memset(text, 'x', sizeof(text));
		put(text, sizes[i], 0600);
		if (sizes[i] <= 100) {
			assert_int_equal(file_read(path, &b, &e), 0);
			assert_int_equal(b.len, sizes[i]);
			assert_int_equal(sizes[i] > 0 &&
			                 b.data[sizes[i]] != '\0', 0);
		} else {
			assert_int_equal(file_read(path, &b, &e), -1);
			assert_said(&e, ERR_REFUSED,
			            "'%s' is larger than 100 bytes");
		}
		buf_close(&b);
	}
}

static void reads_large_files_and_appends(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct err e = ERR_INIT;
	char *text = malloc(300000);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 300000; i++)
		text[i] = (char)(i * 7 >> 3);
	put(text, 300000, 0600);
	buf_puts(&b, "before");
	assert_int_equal(file_read(path, &b, &e), 0);
	assert_int_equal(b.len, 300006);
	assert_memory_equal(b.data, "before", 6);
	assert_memory_equal(b.data + 6, text, 300000);
	free(text);
	buf_close(&b);
}

static void reads_nothing_but_files(void **state)
{
	struct buf b = BUF_INIT(100);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(file_read(path, &b, &e), -1);
	assert_said(&e, ERR_MISSING,
	            "cannot open '%s': No such file or directory");
	/* Nobody ever writes to it: a reader that waits would wait forever. */
	assert_int_equal(mkfifo(path, 0600), 0);
	(void)alarm(20);
	assert_int_equal(file_read(path, &b, &e), -1);
	(void)alarm(0);
	assert_said(&e, ERR_USAGE, "'%s' is not a file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_read(path, &b, &e), -1);
	assert_said(&e, ERR_USAGE, "'%s' is not a file");
	assert_int_equal(file_read("/dev/zero", &b, &e), -1);
	assert_string_equal(e.text, "'/dev/zero' is not a file");
	assert_int_equal(b.len, 0);
	buf_close(&b);
}

static void secrets_are_for_their_owner(void **state)
{
	static const mode_t open_modes[] = { 0640, 0604, 0620, 0601, 0644 };
	struct buf b = BUF_INIT(100);
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]);
	     i++) {
		char hint[160];

		put("secret\n", 7, open_modes[i]);
		assert_int_equal(file_read_secret(path, &b, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		(void)snprintf(hint, sizeof(hint), "\nhint: chmod 600 '%s'",
		               path);
		assert_non_null(strstr(e.text, "' may be read by others than "
		                               "its owner"));
		assert_non_null(strstr(e.text, hint));
		assert_null(strstr(e.text, "secret"));
		assert_int_equal(b.len, 0);
	}
	put("secret\n", 7, 0400);
	assert_int_equal(file_read_secret(path, &b, &e), 0);
	assert_string_equal(b.data, "secret");
	buf_close(&b);
}

static void secrets_lose_their_line_end(void **state)
{
	static const char *const cases[][2] = {
		{ "a", "a" }, { "a\r\n", "a" }, { "a\n\n", "a" },
		{ " a b \n", " a b " }, { "a\nb\n", "a\nb" },
	};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT(100);

		put(cases[i][0], strlen(cases[i][0]), 0600);
		assert_int_equal(file_read_secret(path, &b, &e), 0);
		assert_string_equal(b.data, cases[i][1]);
		assert_int_equal(b.len, strlen(cases[i][1]));
		file_wipe(&b);
		assert_null(b.data);
		file_wipe(&b);
		(void)unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_up_to_the_maximum,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_large_files_and_appends,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_nothing_but_files,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_are_for_their_owner,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(secrets_lose_their_line_end,
		                                set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
