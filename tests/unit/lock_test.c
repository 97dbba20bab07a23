#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/lock.h"

static char dir[64], file[96];

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/lock-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/.run.lock", dir);
	return 0;
}

static int drop_dir(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(dir);
}

/* What another process is told, in `e`. */
static int take_elsewhere(struct err *e)
{
	int p[2], rc = 1, status;
	pid_t child;

	if (pipe(p) < 0)
		return 1;
	child = fork();
	if (child == 0) {
		struct lock l = LOCK_INIT;
		int r;

		*e = (struct err)ERR_INIT;
		r = lock_take(&l, dir, "run", e);
		if (write(p[1], e, sizeof(*e)) != (ssize_t)sizeof(*e))
			_exit(2);
		_exit(r == 0 ? 0 : 1);
	}
	(void)close(p[1]);
	if (read(p[0], e, sizeof(*e)) == (ssize_t)sizeof(*e))
		rc = 0;
	(void)close(p[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || rc != 0 ||
	    !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return 1;
	return WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void one_at_a_time(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT, other;
	char want[160];
	size_t len;

	(void)state;
	assert_int_equal(lock_take(&l, dir, "run", &e), 0);
	assert_int_equal(take_elsewhere(&other), -1);
	assert_int_equal(other.kind, ERR_BUSY);
	(void)snprintf(want, sizeof(want),
	               "'%s' is in use by process %ld since 2", dir,
	               (long)getpid());
	len = strlen(want);
	assert_memory_equal(other.text, want, len);
	assert_int_equal(strlen(other.text), len + 19);
	assert_int_equal(other.text[len + 18], 'Z');
	lock_drop(&l);
	assert_int_equal(l.fd, -1);
	lock_drop(&l);
	assert_int_equal(take_elsewhere(&other), 0);
}

static void dies_with_its_holder(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(take_elsewhere(&e), 0);
	assert_int_equal(access(file, F_OK), 0);
	assert_int_equal(lock_take(&l, dir, "run", &e), 0);
	lock_drop(&l);
}

static void is_private(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(lock_take(&l, dir, "run", &e), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
	lock_drop(&l);
	assert_int_equal(access(file, F_OK), 0);
}

static void trusts_no_content(void **state)
{
	static const char *const t[] = {
		"", "x", "12", "12 \n", "0 2026-11-23T05:06:07Z\n",
		"99999999999999999999 2026-11-23T05:06:07Z\n",
		"-5 2026-11-23T05:06:07Z\n", "12 2026-11-23T05:06:07Z",
		"12 \x1b[2J\n",
	};
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT, other;
	char want[160];

	(void)state;
	(void)snprintf(want, sizeof(want),
	               "'%s' is in use by another process", dir);
	assert_int_equal(lock_take(&l, dir, "run", &e), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(ftruncate(l.fd, 0), 0);
		assert_int_equal(pwrite(l.fd, t[i], strlen(t[i]), 0),
		                 strlen(t[i]));
		assert_int_equal(take_elsewhere(&other), -1);
		assert_string_equal(other.text, want);
	}
	lock_drop(&l);
}

static void refuses_what_is_no_file(void **state)
{
	struct lock l = LOCK_INIT;
	struct err e = ERR_INIT;
	char want[160];

	(void)state;
	assert_int_equal(symlink("no/where", file), 0);
	assert_int_equal(lock_take(&l, dir, "run", &e), -1);
	(void)snprintf(want, sizeof(want), "cannot open '%s': Too many levels "
	               "of symbolic links", file);
	assert_string_equal(e.text, want);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(lock_take(&l, dir, "run", &e), -1);
	(void)snprintf(want, sizeof(want), "'%s' is not a file", file);
	assert_string_equal(e.text, want);
	assert_int_equal(e.kind, ERR_REFUSED);
	assert_int_equal(lock_take(&l, "/nonexistent", "run", &e), -1);
	assert_string_equal(e.text, "cannot open '/nonexistent/.run.lock': No "
	                    "such file or directory");
	assert_int_equal(l.fd, -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_at_a_time),
		TEST(dies_with_its_holder),
		TEST(is_private),
		TEST(trusts_no_content),
		TEST(refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
