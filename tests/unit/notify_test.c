#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/notify.h"

static char dir[64], path[80];
static int peer = -1;

/* Listen on `name` ("/..." or "@...") and put it into the environment. */
static void listen_on(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	(void)memcpy(a.sun_path, name, len + 1);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	peer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(peer >= 0);
	assert_int_equal(bind(peer, (struct sockaddr *)&a, (socklen_t)(
	                 offsetof(struct sockaddr_un, sun_path) + len)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static const char *heard(void)
{
	static char msg[2048];
	ssize_t n = recv(peer, msg, sizeof(msg) - 1, MSG_DONTWAIT);

	if (n < 0)
		return NULL;
	msg[n] = '\0';
	return msg;
}

static int setup(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/notify-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/sock", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (peer >= 0)
		(void)close(peer);
	peer = -1;
	(void)unlink(path);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return rmdir(dir);
}

static void is_silent_without_a_manager(void **state)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("WATCHDOG_USEC", "5000000", 1), 0);
	assert_int_equal(notify_open(&n, &e), 0);
	assert_int_equal(n.watchdog_ms, 0);
	assert_int_equal(notify_ready(&n, "x", &e), 0);
	assert_int_equal(notify_watchdog(&n, &e), 0);
	notify_close(&n);
	notify_close(&n);
}

static void speaks_the_protocol(void **state)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;
	unsigned long long us = 0;
	const char *m;

	(void)state;
	listen_on(path);
	assert_int_equal(notify_open(&n, &e), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_int_equal(notify_ready(&n, NULL, &e), 0);
	assert_string_equal(heard(), "READY=1");
	assert_int_equal(notify_ready(&n, "next at 12:00", &e), 0);
	assert_string_equal(heard(), "READY=1\nSTATUS=next at 12:00");
	assert_int_equal(notify_status(&n, "a\nREADY=0\tb", &e), 0);
	assert_string_equal(heard(), "STATUS=a READY=0 b");
	assert_int_equal(notify_watchdog(&n, &e), 0);
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_int_equal(notify_reloading(&n, &e), 0);
	m = heard();
	assert_int_equal(sscanf(m, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
	assert_true(us > 0);
	assert_int_equal(notify_stopping(&n, &e), 0);
	assert_string_equal(heard(), "STOPPING=1");
	assert_null(heard());
	notify_close(&n);
}

static void finds_an_abstract_socket(void **state)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof(name), "@lifeboat-test-%d", (int)getpid());
	listen_on(name);
	assert_int_equal(notify_open(&n, &e), 0);
	assert_int_equal(notify_stopping(&n, &e), 0);
	assert_string_equal(heard(), "STOPPING=1");
	notify_close(&n);
}

static void cuts_a_long_status_between_characters(void **state)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;
	char text[NOTIFY_TEXT_MAX + 10];
	const char *m;

	(void)state;
	listen_on(path);
	assert_int_equal(notify_open(&n, &e), 0);
	/* Two bytes a character, the boundary amid the 200th. */
	text[0] = 'x';
	for (size_t i = 1; i + 1 < sizeof(text); i += 2)
		(void)memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(notify_status(&n, text, &e), 0);
	m = heard();
	assert_int_equal(strlen(m), 7 + NOTIFY_TEXT_MAX - 1);
	assert_memory_equal(m + 7, text, NOTIFY_TEXT_MAX - 1);
	notify_close(&n);
}

static int64_t watchdog(const char *usec, const char *pid)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;
	int64_t ms;

	(void)setenv("NOTIFY_SOCKET", path, 1);
	(void)setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		(void)setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_open(&n, &e), 0);
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	ms = n.watchdog_ms;
	notify_close(&n);
	return ms;
}

static void knows_the_watchdog(void **state)
{
	char pid[24];

	(void)state;
	listen_on(path);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(watchdog("60000000", NULL), 60000);
	assert_int_equal(watchdog("60000000", pid), 60000);
	assert_int_equal(watchdog("60000000", "1"), 0);
	assert_int_equal(watchdog("60000000", "x"), 0);
	assert_int_equal(watchdog("", NULL), 0);
	assert_int_equal(watchdog("-5", NULL), 0);
	assert_int_equal(watchdog("5s", NULL), 0);
	assert_int_equal(watchdog("99999999999999999999", NULL), 0);
	assert_int_equal(watchdog("18446744073709551615", NULL), INT32_MAX);
}

static void refused(const char *name, enum err_kind kind, const char *text)
{
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;

	(void)setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_open(&n, &e), -1);
	assert_int_equal(e.kind, kind);
	assert_string_equal(e.text, text);
	assert_int_equal(notify_ready(&n, NULL, &e), 0);
	notify_close(&n);
}

static void refuses_bad_addresses(void **state)
{
	char longer[200] = "/", want[256];
	struct notify n = NOTIFY_INIT;
	struct err e = ERR_INIT;

	(void)state;
	refused("vsock:2:1", ERR_USAGE,
	        "not an address to notify: 'vsock:2:1'");
	refused("@", ERR_USAGE, "not an address to notify: '@'");
	(void)memset(longer + 1, 'a', 150);
	(void)snprintf(want, sizeof(want), "not an address to notify: '%.120s'",
	               longer);
	refused(longer, ERR_USAGE, want);
	(void)snprintf(want, sizeof(want),
	               "cannot notify '%s': No such file or directory", path);
	refused(path, ERR_SYS, want);
	/* A manager that has gone since. */
	listen_on(path);
	assert_int_equal(notify_open(&n, &e), 0);
	(void)close(peer);
	peer = -1;
	assert_int_equal(notify_watchdog(&n, &e), -1);
	assert_string_equal(e.text, "cannot notify the service manager: "
	                            "Connection refused");
	notify_close(&n);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(is_silent_without_a_manager),
		T(speaks_the_protocol),
		T(finds_an_abstract_socket),
		T(cuts_a_long_status_between_characters),
		T(knows_the_watchdog),
		T(refuses_bad_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
