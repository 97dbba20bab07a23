#include "base/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"

enum {
	BAR = 20,
	LABEL = 40,                     /* characters of it shown */
	WIDTH = 80,                     /* where the terminal does not say */
	INTERVAL_MS = 1000 / PROGRESS_PER_SECOND,
};

static size_t terminal_width(int fd)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return WIDTH - 1;
	/* In the last column many terminals would begin a new line. */
	return w.ws_col - 1U;
}

/* A label may come from outside: nothing in it may steer the terminal. */
static void clean_label(const char *label, char out[LABEL + 1])
{
	size_t i;

	for (i = 0; i < LABEL && label[i] != '\0'; i++)
		out[i] = label[i] >= ' ' && label[i] <= '~' ? label[i] : '?';
	out[i] = '\0';
}

static void format_rate(const struct progress *p, int64_t elapsed_ms,
                        char rate[UNITS_TEXT], char left[UNITS_TEXT])
{
	double per_ms, ms;

	rate[0] = left[0] = '\0';
	if (elapsed_ms <= 0 || p->done_bytes == 0)
		return;
	per_ms = (double)p->done_bytes / (double)elapsed_ms;
	/* Beyond 2^60 neither would mean anything. */
	if (per_ms * 1000 < 0x1p60)
		units_format_bytes((uint64_t)(per_ms * 1000), rate);
	if (p->done_bytes >= p->total_bytes)
		return;
	ms = (double)(p->total_bytes - p->done_bytes) / per_ms;
	if (ms < 0x1p60)
		units_format_ms((int64_t)ms, left);
}

static void format_bar(const struct progress *p, char bar[BAR + 1],
                       unsigned *percent)
{
	double part = 1;
	size_t full;

	/* Never 100 before the end, so cut rather than round. */
	if (p->done_bytes < p->total_bytes)
		part = (double)p->done_bytes / (double)p->total_bytes;
	*percent = (unsigned)(part * 100);
	if (*percent == 100 && p->done_bytes < p->total_bytes)
		*percent = 99;
	full = *percent * BAR / 100;
	(void)memset(bar, '#', full);
	(void)memset(bar + full, ' ', BAR - full);
	bar[BAR] = '\0';
}

size_t progress_format(const struct progress *p, int64_t elapsed_ms,
                       size_t width, char out[PROGRESS_WIDTH_MAX + 1])
{
	char label[LABEL + 1], done[UNITS_TEXT], total[UNITS_TEXT];
	char rate[UNITS_TEXT], left[UNITS_TEXT], bar[BAR + 1], how_far[96];
	unsigned percent;
	size_t n;

	clean_label(p->label, label);
	units_format_bytes(p->done_bytes, done);
	units_format_bytes(p->total_bytes, total);
	format_rate(p, elapsed_ms, rate, left);
	format_bar(p, bar, &percent);
	if (p->total_bytes == 0)
		(void)snprintf(how_far, sizeof(how_far), "%s", done);
	else
		(void)snprintf(how_far, sizeof(how_far), "[%s] %3u%%  %s/%s",
		               bar, percent, done, total);
	(void)snprintf(out, PROGRESS_WIDTH_MAX + 1, "%s  %s%s%s%s%s%s", label,
	               how_far, rate[0] != '\0' ? "  " : "", rate,
	               rate[0] != '\0' ? "/s" : "", left[0] != '\0' ? "  " : "",
	               left);
	n = strlen(out);
	if (n > width) {
		out[width] = '\0';
		n = width;
	}
	return n;
}

static void draw(struct progress *p, int64_t now_ms, _Bool last)
{
	char line[PROGRESS_WIDTH_MAX + 1];
	char text[2 * PROGRESS_WIDTH_MAX + 4];
	size_t width = terminal_width(p->fd), n, pad;
	int len;

	n = progress_format(p, now_ms - p->start_ms, width, line);
	/* Blanks over the rest of a longer line, unless that would wrap. */
	pad = p->drawn > n ? p->drawn - n : 0;
	if (n + pad > width)
		pad = width - n;
	len = snprintf(text, sizeof(text), "\r%s%*s%s", line, (int)pad, "",
	               last ? "\n" : "");
	p->drawn = n;
	p->drawn_ms = now_ms;
	/* Nothing depends on it: what cannot be shown is not shown. */
	(void)!write(p->fd, text, (size_t)len);
}

void progress_start(struct progress *p, int fd, const char *label,
                    uint64_t total_bytes, _Bool force)
{
	*p = (struct progress)PROGRESS_INIT;
	if (!force && !isatty(fd))
		return;
	p->fd = fd;
	p->label = label;
	p->total_bytes = total_bytes;
	p->start_ms = clock_monotonic_ms();
	draw(p, p->start_ms, 0);
}

void progress_add(struct progress *p, uint64_t bytes)
{
	int64_t now_ms;

	if (p->fd < 0)
		return;
	if (__builtin_add_overflow(p->done_bytes, bytes, &p->done_bytes))
		p->done_bytes = UINT64_MAX;
	now_ms = clock_monotonic_ms();
	if (now_ms - p->drawn_ms >= INTERVAL_MS)
		draw(p, now_ms, 0);
}

void progress_end(struct progress *p)
{
	if (p->fd < 0)
		return;
	draw(p, clock_monotonic_ms(), 1);
	p->fd = -1;
}
