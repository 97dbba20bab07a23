#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/stagedir.h"

static char dir[64], path[96], part[128];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/stagedir-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/d", dir);
	(void)snprintf(part, sizeof(part), "%s/.d.lifeboat-part", dir);
	return 0;
}

static int teardown(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static _Bool there(const char *name)
{
	return access(name, F_OK) == 0;
}

static void put(int at, const char *name)
{
	int fd = openat(at, name, O_CREAT | O_WRONLY | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void publishes_whole(void **state)
{
	struct stagedir s = STAGEDIR_INIT, other = STAGEDIR_INIT;
	struct err e = ERR_INIT;
	struct stat st;
	char file[128], again[128];

	(void)state;
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	assert_false(there(path));
	put(s.dir, "f");
	(void)snprintf(again, sizeof(again), "%s/../%s/d/", dir,
	               strrchr(dir, '/') + 1);
	assert_int_equal(stagedir_open(&other, again, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	stagedir_close(&other);
	assert_int_equal(stagedir_publish(&s, &e), 0);
	stagedir_close(&s);
	stagedir_close(&s);
	(void)snprintf(file, sizeof(file), "%s/f", path);
	assert_true(there(file));
	assert_false(there(part));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	assert_int_equal(stagedir_open(&s, path, &e), -1);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_non_null(strstr(e.text, "/d' is not empty"));
	stagedir_close(&s);
	assert_true(there(file));
}

static void leaves_nothing_when_dropped(void **state)
{
	struct stagedir s = STAGEDIR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	put(s.dir, "f");
	assert_int_equal(mkdirat(s.dir, "sub", 0700), 0);
	put(s.dir, "sub/f");
	assert_int_equal(symlinkat("/", s.dir, "sub/link"), 0);
	stagedir_close(&s);
	assert_false(there(part));
	assert_int_equal(rmdir(path), 0);
}

static void cleans_up_after_the_dead(void **state)
{
	struct stagedir s = STAGEDIR_INIT;
	struct err e = ERR_INIT;
	char name[160];

	(void)state;
	assert_int_equal(mkdir(part, 0755), 0);
	(void)snprintf(name, sizeof(name), "%s/old", part);
	put(AT_FDCWD, name);
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	assert_false(there(name));
	put(s.dir, "new");
	assert_int_equal(stagedir_publish(&s, &e), 0);
	stagedir_close(&s);
	assert_true(there(path));
}

static void does_not_replace_what_came_meanwhile(void **state)
{
	struct stagedir s = STAGEDIR_INIT;
	struct err e = ERR_INIT;
	char name[160];

	(void)state;
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(name, sizeof(name), "%s/precious", path);
	put(AT_FDCWD, name);
	assert_int_equal(stagedir_publish(&s, &e), -1);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_non_null(strstr(e.text, "/d' is not empty"));
	stagedir_close(&s);
	assert_true(there(name));
	assert_false(there(part));
}

static void takes_back(void **state)
{
	struct stagedir s = STAGEDIR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	put(s.dir, "f");
	assert_int_equal(stagedir_publish(&s, &e), 0);
	/* Its lock is held until it is closed. */
	assert_int_equal(stagedir_reclaim(path, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.text, "another restore to '/tmp/"));
	stagedir_close(&s);
	assert_int_equal(stagedir_reclaim(path, &e), 0);
	assert_false(there(path));
	assert_true(there(part));
	assert_int_equal(stagedir_open(&s, path, &e), 0);
	stagedir_close(&s);
	assert_false(there(part));
	assert_int_equal(stagedir_reclaim(path, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
}

static void refuses_bad_names(void **state)
{
	struct stagedir s = STAGEDIR_INIT;
	struct err e = ERR_INIT;
	char name[128];

	(void)state;
	assert_int_equal(stagedir_open(&s, "", &e), -1);
	assert_string_equal(e.text, "not a folder name: ''");
	assert_int_equal(stagedir_open(&s, "/", &e), -1);
	assert_string_equal(e.text, "not a folder that can be made: '/'");
	(void)snprintf(name, sizeof(name), "%s/none/d", dir);
	assert_int_equal(stagedir_open(&s, name, &e), -1);
	assert_non_null(strstr(e.text, "cannot look at the folder of '"));
	(void)snprintf(name, sizeof(name), "%s/f", dir);
	put(AT_FDCWD, name);
	assert_int_equal(stagedir_open(&s, name, &e), -1);
	assert_non_null(strstr(e.text, "cannot open folder '"));
	(void)snprintf(name, sizeof(name), "%s/f/d", dir);
	assert_int_equal(stagedir_open(&s, name, &e), -1);
	assert_non_null(strstr(e.text, "/f/d': Not a directory"));
	assert_null(strstr(e.text, "the folder of"));
	stagedir_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(publishes_whole), T(leaves_nothing_when_dropped),
		T(cleans_up_after_the_dead),
		T(does_not_replace_what_came_meanwhile), T(takes_back),
		T(refuses_bad_names),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
