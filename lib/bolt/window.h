/* window.h - cut a stream of database bytes into pages.
 *
 * Bytes arrive in file order and in pieces of any size.  Which pages are in use
 * is known only at the end, when the root has been seen; until then a page
 * that is free may hold the header of a long dead one, whose run covers pages
 * that are alive.  So every position whose header is plausible is handed on as
 * a page, and runs may overlap: the owner sees them all and later keeps those
 * that the tree reaches.
 *
 * Memory: one page, and while runs are open the bytes from the first open one
 * on, at most WINDOW_RUN_MAX. */
#ifndef BOLT_WINDOW_H
#define BOLT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "bolt/page.h"

enum {
	WINDOW_RUN_MAX = 32 << 20,      /* bytes of the largest page run */
	WINDOW_OPEN_MAX = 64,           /* runs that overlap at one place */
};

/* Called for each candidate page, when its last byte has come.  `fault` is
 * PAGE_FINE, or why the bytes are no page at all; then only p->id is set,
 * to the position.  Meta pages are not handed on. */
struct window_owner {
	int (*page)(void *arg, const struct page *p, enum page_fault fault,
	            struct err *e);
	void *arg;
};

struct window {
	struct window_owner owner;
	uint64_t pages;                 /* positions at or above are an error */
	size_t page_size;
	uint64_t next;                  /* position of the next whole page */
	unsigned char *held;            /* bytes from position `first` on */
	size_t held_len, held_cap;
	uint64_t first;
	unsigned n_open;
	struct { uint64_t first, last; } open[WINDOW_OPEN_MAX];
};
#define WINDOW_INIT { .held = NULL }

/* Begin with page `first` of a file of `pages` pages. */
int window_open(struct window *w, const struct window_owner *owner,
                size_t page_size, uint64_t first, uint64_t pages,
                struct err *e) MUST_USE;
/* Take the next `len` bytes.  Fails when the owner does, or without memory. */
int window_feed(struct window *w, const void *data, size_t len,
                struct err *e) MUST_USE;
/* Position of the first byte not yet seen, in bytes of the file. */
uint64_t window_offset(const struct window *w);
void window_close(struct window *w);

#endif
