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

#include "store/folder.h"

static char dir[64];
static struct store *s;

static int set_up(void **state)
{
	struct err e = ERR_INIT;
	char cmd[256];

	(void)state;
	(void)strcpy(dir, "/tmp/folder-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(cmd, sizeof(cmd), "cd %s && echo a > a.tar.zst && echo "
	               "b > b.zip && echo n > notes && mkdir d.zip && ln -s "
	               "a.tar.zst l.zip && mkfifo f.zip && echo > .x.part",
	               dir);
	return system(cmd) != 0 || folder_open(&s, dir, &e) < 0;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	store_close(s);
	s = NULL;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void lists_all_and_follows_nothing(void **state)
{
	static const struct {
		const char *name;
		enum store_type type;
	} want[] = {
		{ ".x.part", STORE_FILE }, { "a.tar.zst", STORE_FILE },
		{ "b.zip", STORE_FILE }, { "d.zip", STORE_FOLDER },
		{ "f.zip", STORE_SPECIAL }, { "l.zip", STORE_LINK },
		{ "notes", STORE_FILE },
	};
	struct store_list l = STORE_LIST_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(store_list(s, &l, &e), 0);
		assert_int_equal(l.count, 7);
		for (size_t i = 0; i < l.count; i++) {
			assert_string_equal(l.items[i].name, want[i].name);
			assert_int_equal(l.items[i].type, want[i].type);
		}
		store_list_clear(&l);
	}
}

static void opens_files_only(void **state)
{
	struct err e = ERR_INIT;
	char b[2];
	int fd = -1;

	(void)state;
	assert_int_equal(store_open(s, "a.tar.zst", &fd, &e), 0);
	assert_int_equal(read(fd, b, 2), 2);
	assert_int_equal(b[0], 'a');
	(void)close(fd);
	assert_int_equal(store_open(s, "l.zip", &fd, &e), -1);
	assert_string_equal(e.text, "'l.zip' is not a regular file");
	assert_int_equal(store_open(s, "f.zip", &fd, &e), -1);
	assert_string_equal(e.text, "'f.zip' is not a regular file");
	assert_int_equal(store_open(s, "d.zip", &fd, &e), -1);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_int_equal(store_open(s, "none", &fd, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_string_equal(e.text, "there is no 'none'");
	assert_int_equal(store_open(s, "../x", &fd, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "not a file name: '../x'");
	assert_int_equal(store_open(s, "..", &fd, &e), -1);
}

static void removes_only_ours(void **state)
{
	static const char *const others[] = {
		"notes", "d.zip", "l.zip", "f.zip",
	};
	struct err e = ERR_INIT;
	struct store_item i;

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		assert_int_equal(store_remove(s, others[k], &e), -1);
		assert_int_equal(e.kind, ERR_REFUSED);
	}
	assert_string_equal(e.text,
	                    "'f.zip' is not a snapshot: it is not removed");
	assert_int_equal(store_remove(s, "a.tar.zst", &e), 0);
	assert_int_equal(store_stat(s, "a.tar.zst", &i, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_int_equal(store_remove(s, ".x.part", &e), 0);
	assert_int_equal(store_remove(s, "a.tar.zst", &e), -1);
	assert_string_equal(e.text, "there is no 'a.tar.zst'");
}

static void pins_keep(void **state)
{
	struct err e = ERR_INIT;
	struct store_item i;
	char longer[STORE_NAME_MAX + 1];

	(void)state;
	assert_int_equal(store_pin(s, "b.zip", &e), 0);
	assert_int_equal(store_pin(s, "b.zip", &e), 0);
	assert_int_equal(store_stat(s, "b.zip", &i, &e), 0);
	assert_true(i.pinned);
	assert_int_equal(store_stat(s, "a.tar.zst", &i, &e), 0);
	assert_false(i.pinned);
	assert_true(folder_is_pin(".b.zip.pin"));
	assert_false(folder_is_pin(".pin"));
	assert_false(folder_is_pin("b.zip.pin"));
	assert_int_equal(store_stat(s, ".b.zip.pin", &i, &e), 0);
	assert_int_equal(store_remove(s, "b.zip", &e), -1);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_string_equal(e.text, "'b.zip' is pinned");
	assert_int_equal(store_remove(s, ".b.zip.pin", &e), -1);
	assert_int_equal(store_unpin(s, "b.zip", &e), 0);
	assert_int_equal(store_unpin(s, "b.zip", &e), 0);
	assert_int_equal(store_unpin(s, "none", &e), -1);
	assert_string_equal(e.text, "there is no 'none'");
	assert_int_equal(store_pin(s, "none.zip", &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_int_equal(store_pin(s, "notes", &e), -1);
	assert_string_equal(e.text, "'notes' is not a snapshot");
	assert_int_equal(store_remove(s, "b.zip", &e), 0);
	(void)memset(longer, 'n', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(store_pin(s, longer, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void a_missing_folder_is_told(void **state)
{
	struct store *t = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(folder_open(&t, "/nonexistent", &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_string_equal(e.text, "cannot open folder '/nonexistent': "
	                            "No such file or directory");
	store_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_all_and_follows_nothing,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(opens_files_only, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(removes_only_ours, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(pins_keep, set_up, tear_down),
		cmocka_unit_test(a_missing_folder_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
