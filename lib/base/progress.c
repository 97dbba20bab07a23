#include "base/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"

enum {
	STEP = 1 << 20,                 /* bytes between looks at the clock */
	EVERY_MS = 100,
	BAR = 24,                       /* columns */
};

void progress_start(struct progress *p, const char *label, int fd)
{
	*p = (struct progress){ .fd = isatty(fd) ? fd : -1 };
	(void)snprintf(p->label, sizeof(p->label), "%s", label);
	p->begun_ms = clock_monotonic_ms();
	p->drawn_ms = p->begun_ms;
}

static void draw(struct progress *p, uint64_t done, uint64_t total, int64_t now)
{
	char line[256], bar[BAR + 1], a[UNITS_TEXT], b[UNITS_TEXT];
	char rate[UNITS_TEXT], eta[UNITS_TEXT];
	double seconds = (double)(now - p->begun_ms) / 1000 + 0.001;
	double speed = (double)done / seconds;
	size_t full = total > 0 ? (size_t)((double)BAR * (double)done /
	                                   (double)total) : 0;
	int n;

	full = full > BAR ? BAR : full;
	(void)memset(bar, '.', BAR);
	(void)memset(bar, '#', full);
	bar[BAR] = '\0';
	units_format_bytes(done, a);
	units_format_bytes(total, b);
	units_format_bytes((uint64_t)speed, rate);
	units_format_ms(total > done && speed > 0 ? (int64_t)(1000.0 *
	                 (double)(total - done) / speed) : 0, eta);
	n = snprintf(line, sizeof(line), "\r\033[K%s [%s] %s of %s, %s/s, "
	             "%s left", p->label, bar, a, b, rate, eta);
	if (n > 0 && write(p->fd, line, (size_t)n) < 0)
		p->fd = -1;
}

void progress_update(struct progress *p, uint64_t done, uint64_t total)
{
	int64_t now;

	if (p->fd < 0 || (done - p->drawn < STEP && done != total))
		return;
	p->drawn = done;
	now = clock_monotonic_ms();
	if (now - p->drawn_ms < EVERY_MS)
		return;
	p->drawn_ms = now;
	draw(p, done, total, now);
}

void progress_end(struct progress *p)
{
	static const char clear[] = "\r\033[K";

	if (p->fd >= 0 && write(p->fd, clear, sizeof(clear) - 1) < 0)
		p->fd = -1;
	p->fd = -1;
}
