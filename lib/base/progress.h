/* progress.h - how far are we?  For people at a terminal, for nobody else.
 *
 *	save  [#########           ]  45%  1.2 GiB/2.6 GiB  98.0 MiB/s  14.6 s
 *
 * Draws over its own line at most PROGRESS_PER_SECOND times a second.  Where
 * `fd` is no terminal, nothing is written and a call costs a comparison. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

enum { PROGRESS_PER_SECOND = 10, PROGRESS_WIDTH_MAX = 160 };

struct progress {
	int fd;                         /* -1: say nothing */
	const char *label;
	uint64_t done_bytes, total_bytes;
	int64_t start_ms, drawn_ms;
	size_t drawn;                   /* characters on the line */
};
#define PROGRESS_INIT { .fd = -1 }

/* Begin; `label` must outlive `p`.  A total of 0 is not known.  `force` draws
 * even where there is no terminal. */
void progress_start(struct progress *p, int fd, const char *label,
                    uint64_t total_bytes, _Bool force);
/* So many bytes more. */
void progress_add(struct progress *p, uint64_t bytes);
/* Draw once more and end the line.  A PROGRESS_INIT one, or twice, is fine. */
void progress_end(struct progress *p);

/* The line after `elapsed_ms`, at most `width` characters of ASCII; returns
 * how many. */
size_t progress_format(const struct progress *p, int64_t elapsed_ms,
                       size_t width, char out[PROGRESS_WIDTH_MAX + 1]);

#endif
