/* progress.h - a bar for long work, where somebody watches. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdint.h>

struct progress {
	int fd;                         /* -1: nobody watches */
	char label[48];
	int64_t begun_ms, drawn_ms;
	uint64_t drawn;                 /* done when it was drawn last */
};

/* Draw on `fd` if it is a terminal, else do nothing at all. */
void progress_start(struct progress *p, const char *label, int fd);
/* Bytes done of total (0: not known).  Cheap; draws ten times a second. */
void progress_update(struct progress *p, uint64_t done, uint64_t total);
/* Take the bar away. */
void progress_end(struct progress *p);

#endif
