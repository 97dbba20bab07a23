#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/progress.h"

#define MIB (UINT64_C(1) << 20)

static void shows(const struct progress *p, int64_t ms, size_t width,
                  const char *want)
{
	char out[PROGRESS_WIDTH_MAX + 1];
	size_t n = progress_format(p, ms, width, out);

	assert_string_equal(out, want);
	assert_int_equal(n, strlen(want));
}

static void formats(void **state)
{
	struct progress p = PROGRESS_INIT;

	(void)state;
	p.label = "save";
	p.total_bytes = 200 * MIB;
	shows(&p, 0, 100, "save  [                    ]   0%  0 B/200.0 MiB");
	p.done_bytes = 90 * MIB;
	shows(&p, 9000, 100, "save  [#########           ]  45%  "
	      "90.0 MiB/200.0 MiB  10.0 MiB/s  11.0 s");
	shows(&p, 9000, 20, "save  [#########    ");
	shows(&p, 9000, 0, "");
	p.done_bytes = 200 * MIB - 1;
	shows(&p, 0, 100, "save  [################### ]  99%  "
	      "200.0 MiB/200.0 MiB");
	p.done_bytes = 200 * MIB;
	shows(&p, 20000, 100, "save  [####################] 100%  "
	      "200.0 MiB/200.0 MiB  10.0 MiB/s");
	p.done_bytes = 300 * MIB;
	shows(&p, 30000, 100, "save  [####################] 100%  "
	      "300.0 MiB/200.0 MiB  10.0 MiB/s");
	p.total_bytes = 0;
	shows(&p, 30000, 100, "save  300.0 MiB  10.0 MiB/s");
}

static void survives_extremes(void **state)
{
	struct progress p = PROGRESS_INIT;
	char out[PROGRESS_WIDTH_MAX + 1], label[300];

	(void)state;
	p.label = "a\x1b[2J\n\xff";
	p.done_bytes = 1;
	p.total_bytes = UINT64_MAX;
	shows(&p, INT64_MAX, 200, "a?[2J??  [                    ]   0%  "
	      "1 B/16777216.0 TiB  0 B/s");
	p.done_bytes = UINT64_MAX - 1;
	shows(&p, 1, 200, "a?[2J??  [################### ]  99%  "
	      "16777216.0 TiB/16777216.0 TiB  0 ms");
	(void)memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	p.label = label;
	assert_in_range(progress_format(&p, 77, 1000, out), 41,
	                PROGRESS_WIDTH_MAX);
	assert_int_equal(strspn(out, "x"), 40);
}

static void says_nothing_to_a_pipe(void **state)
{
	struct progress p = PROGRESS_INIT;
	char got[16];
	ssize_t n;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	progress_add(&p, 5);
	progress_end(&p);
	progress_start(&p, ends[1], "save", 100, 0);
	progress_add(&p, 50);
	progress_end(&p);
	n = read(ends[0], got, sizeof(got));
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(n, -1);
}

static void draws_rarely(void **state)
{
	struct progress p = PROGRESS_INIT;
	static char got[1 << 16];
	int64_t began = clock_monotonic_ms(), took;
	size_t draws = 0;
	ssize_t n;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	progress_start(&p, ends[1], "save", 300000, 1);
	for (int i = 0; i < 300000; i++)
		progress_add(&p, 1);
	progress_end(&p);
	progress_end(&p);
	took = clock_monotonic_ms() - began;
	n = read(ends[0], got, sizeof(got) - 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_true(n > 0);
	got[n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		draws += got[i] == '\r';
	/* However long it took: the first, one an interval, the last. */
	assert_true(draws >= 2 && draws <= 2 + (size_t)took / 100);
	assert_memory_equal(got, "\rsave  [    ", 12);
	assert_ptr_equal(strchr(got, '\n'), got + n - 1);
	assert_non_null(strstr(got, "\rsave  [####################] 100%  "
	                       "293.0 KiB/293.0 KiB"));
}

/* A terminal hands on what was written in pieces, and a little later. */
static ssize_t read_all(int fd, char *to, size_t room, size_t want)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;

	while (have < want && poll(&p, 1, 5000) > 0) {
		ssize_t n = read(fd, to + have, room - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static void fits_the_terminal(void **state)
{
	struct progress p = PROGRESS_INIT;
	struct winsize w = { .ws_row = 5, .ws_col = 12 };
	char got[128];
	const char *name;
	ssize_t n = -1;
	int pt = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), tty;

	(void)state;
	if (pt < 0 || grantpt(pt) < 0 || unlockpt(pt) < 0 ||
	    (name = ptsname(pt)) == NULL ||
	    (tty = open(name, O_RDWR | O_NOCTTY)) < 0) {
		print_message("skipped: no pseudo-terminal here\n");
		if (pt >= 0)
			(void)close(pt);
		skip();
		return;
	}
	if (ioctl(tty, TIOCSWINSZ, &w) == 0) {
		progress_start(&p, tty, "save", 100, 0);
		progress_end(&p);
		n = read_all(pt, got, sizeof(got), 26);
	}
	(void)close(tty);
	(void)close(pt);
	assert_int_equal(n, 26);
	assert_memory_equal(got, "\rsave  [    \rsave  [    \r\n", 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(survives_extremes),
		cmocka_unit_test(says_nothing_to_a_pipe),
		cmocka_unit_test(draws_rarely),
		cmocka_unit_test(fits_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
