#include "bolt/window.h"

#include <stdlib.h>
#include <string.h>

int window_open(struct window *w, const struct window_owner *owner,
                size_t page_size, uint64_t first, uint64_t pages, struct err *e)
{
	*w = (struct window)WINDOW_INIT;
	w->owner = *owner;
	w->page_size = page_size;
	w->pages = pages;
	w->next = first;
	w->first = first;
	w->held_cap = 4 * page_size;
	w->held = malloc(w->held_cap);
	if (w->held == NULL)
		return err_nomem(e);
	return 0;
}

void window_close(struct window *w)
{
	free(w->held);
	*w = (struct window)WINDOW_INIT;
}

uint64_t window_offset(const struct window *w)
{
	return w->first * w->page_size + w->held_len;
}

static int no_page(struct window *w, uint64_t id, enum page_fault fault,
                   struct err *e)
{
	struct page p = { .id = id };

	return w->owner.page(w->owner.arg, &p, fault, e);
}

static int whole(struct window *w, const unsigned char *data, uint64_t first,
                 uint64_t last, struct err *e)
{
	struct page p;

	page_view(&p, data, (size_t)(last - first + 1) * w->page_size);
	return w->owner.page(w->owner.arg, &p, PAGE_FINE, e);
}

/* Judge the header of position `id`, whose page is at `data`.  A run of more
 * than one page is noted as open; sets `*run` when it did so. */
static int begin(struct window *w, const unsigned char *data, uint64_t id,
                 _Bool *run, struct err *e)
{
	struct page p;
	uint64_t pages;

	page_view(&p, data, w->page_size);
	pages = (uint64_t)p.overflow + 1;
	*run = 0;
	if (p.id != id)
		return no_page(w, id, PAGE_WRONG_ID, e);
	if (p.flags != PAGE_LEAF && p.flags != PAGE_BRANCH &&
	    p.flags != PAGE_FREELIST)
		return no_page(w, id, PAGE_WRONG_TYPE, e);
	if (id + pages > w->pages)
		return no_page(w, id, PAGE_PAST_END, e);
	if (pages == 1)
		return whole(w, data, id, id, e);
	if (pages * w->page_size > WINDOW_RUN_MAX)
		return no_page(w, id, PAGE_TOO_LARGE, e);
	if (w->n_open == WINDOW_OPEN_MAX)
		return no_page(w, id, PAGE_CROWDED, e);
	w->open[w->n_open].first = id;
	w->open[w->n_open].last = id + pages - 1;
	w->n_open++;
	*run = 1;
	return 0;
}

/* Hand on the open runs that end with position `id`. */
static int end_runs(struct window *w, uint64_t id, struct err *e)
{
	unsigned kept = 0;
	int rc = 0;

	for (unsigned i = 0; i < w->n_open; i++) {
		uint64_t first = w->open[i].first;

		if (w->open[i].last != id)
			w->open[kept++] = w->open[i];
		else if (rc == 0)
			rc = whole(w, w->held + (size_t)(first - w->first) *
			           w->page_size, first, id, e);
	}
	w->n_open = kept;
	return rc;
}

/* Forget the held bytes that no open run needs.  `open` is in order of first
 * positions; moving is put off until it frees half of what is held. */
static void let_go(struct window *w)
{
	uint64_t need = w->n_open > 0 ? w->open[0].first : w->next;
	size_t drop = (size_t)(need - w->first) * w->page_size;

	if (w->n_open > 0 && drop < w->held_len / 2)
		return;
	w->held_len -= drop;
	(void)memmove(w->held, w->held + drop, w->held_len);
	w->first = need;
}

static int hold(struct window *w, const unsigned char *data, size_t len,
                struct err *e)
{
	if (w->held_len + len > w->held_cap) {
		size_t cap = w->held_cap * 2;
		unsigned char *p = realloc(w->held, cap);

		if (p == NULL)
			return err_nomem(e);
		w->held = p;
		w->held_cap = cap;
	}
	(void)memcpy(w->held + w->held_len, data, len);
	w->held_len += len;
	return 0;
}

static int past_end(const struct window *w, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
	               "more bytes than the %llu pages of the database",
	               (unsigned long long)w->pages);
}

/* A page whose bytes lie whole in the caller's piece, with nothing held:
 * no copy, unless a run begins here. */
static int feed_direct(struct window *w, const unsigned char *data,
                       struct err *e)
{
	_Bool run;

	if (begin(w, data, w->next, &run, e) < 0)
		return -1;
	w->next++;
	if (run)
		return hold(w, data, w->page_size, e);
	w->first = w->next;
	return 0;
}

static int feed_held(struct window *w, const unsigned char *data, size_t take,
                     struct err *e)
{
	_Bool run;

	if (hold(w, data, take, e) < 0)
		return -1;
	if (w->held_len % w->page_size != 0)
		return 0;
	if (begin(w, w->held + w->held_len - w->page_size, w->next, &run,
	          e) < 0)
		return -1;
	w->next++;
	if (w->n_open > 0 && end_runs(w, w->next - 1, e) < 0)
		return -1;
	let_go(w);
	return 0;
}

int window_feed(struct window *w, const void *data, size_t len, struct err *e)
{
	const unsigned char *p = data;

	while (len > 0) {
		size_t take = w->page_size - w->held_len % w->page_size;

		if (w->next >= w->pages)
			return past_end(w, e);
		if (w->held_len == 0 && len >= take) {
			if (feed_direct(w, p, e) < 0)
				return -1;
		} else {
			if (take > len)
				take = len;
			if (feed_held(w, p, take, e) < 0)
				return -1;
		}
		p += take;
		len -= take;
	}
	return 0;
}
