#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "bolt/window.h"

enum { PAGE = 512, PAGES = 300 };

static unsigned char image[PAGES * PAGE];

/* The header of page `id`, as if it had been written there; the rest of the
 * page tells which it is. */
static void page(uint64_t at, uint64_t id, uint16_t flags, uint32_t overflow)
{
	unsigned char *p = image + at * PAGE;

	(void)memset(p, (int)(at % 251), PAGE);
	(void)memcpy(p, &id, 8);
	(void)memcpy(p + 8, &flags, 2);
	(void)memset(p + 10, 0, 2);
	(void)memcpy(p + 12, &overflow, 4);
}

static void clear_image(void)
{
	for (uint64_t i = 0; i < PAGES; i++)
		page(i, i, PAGE_LEAF, 0);
}

/* ---- what the owner is told, as text ---- */

struct told {
	struct buf text;
	int64_t stop_at;                /* fail at this page; -1: never */
};

static int on_page(void *arg, const struct page *p, enum page_fault fault,
                   struct err *e)
{
	struct told *t = arg;

	if ((int64_t)p->id == t->stop_at)
		return err_set(e, ERR_CORRUPT, "enough");
	if (fault == PAGE_FINE) {
		assert_int_equal(p->size, (p->overflow + 1) * (size_t)PAGE);
		assert_memory_equal(p->data, image + p->id * PAGE, p->size);
		if (p->overflow > 0)
			buf_printf(&t->text, "%d+%u ", (int)p->id, p->overflow);
		else
			buf_printf(&t->text, "%d ", (int)p->id);
	} else {
		buf_printf(&t->text, "%d! ", (int)p->id);
		if (fault != PAGE_WRONG_ID)
			buf_printf(&t->text, "(%s) ", page_fault_text(fault));
	}
	return 0;
}

static int run(struct told *t, uint64_t first, uint64_t pages, size_t piece,
               struct err *e)
{
	const struct window_owner owner = { .page = on_page, .arg = t };
	struct window w = WINDOW_INIT;
	size_t end = pages * PAGE;
	int rc = window_open(&w, &owner, PAGE, first, pages, e);

	t->text = (struct buf)BUF_INIT(BUF_MAX_TEXT);
	for (size_t at = first * PAGE; rc == 0 && at < end; at += piece) {
		size_t n = end - at < piece ? end - at : piece;
		/* Of the exact size, so that ASan sees a byte too many. */
		unsigned char *p = malloc(n);

		assert_non_null(p);
		(void)memcpy(p, image + at, n);
		rc = window_feed(&w, p, n, e);
		free(p);
		if (rc == 0)
			assert_int_equal(window_offset(&w), at + n);
	}
	if (rc == 0)
		assert_int_equal(window_feed(&w, "", 0, e), 0);
	window_close(&w);
	window_close(&w);
	return rc;
}

/* However the bytes come, the owner is told this. */
static void assert_told(uint64_t first, uint64_t pages, const char *want)
{
	static const size_t pieces[] = {
		1, 7, 511, 512, 513, 1024, 4000, 1 << 20,
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct told t = { .stop_at = -1 };
		struct err e = ERR_INIT;

		assert_int_equal(run(&t, first, pages, pieces[i], &e), 0);
		assert_string_equal(t.text.data == NULL ? "" : t.text.data,
		                    want);
		buf_close(&t.text);
	}
}

static void cuts_pages_and_runs(void **state)
{
	(void)state;
	clear_image();
	assert_told(2, 6, "2 3 4 5 ");
	assert_told(0, 2, "0 1 ");
	/* A run is told when its last byte has come; what lies in it bears no
	 * number of its own. */
	page(3, 3, PAGE_BRANCH, 2);
	page(4, 99, 0, 0);
	page(5, 0, 0, 0);
	assert_told(2, 8, "2 4! 5! 3+2 6 7 ");
}

static void stale_runs_overlap_the_living(void **state)
{
	(void)state;
	clear_image();
	/* A dead run of 4 from page 2 covers a living run of 2 at 4. */
	page(2, 2, PAGE_LEAF, 3);
	page(3, 77, 0, 0);
	page(4, 4, PAGE_LEAF, 1);
	page(5, 77, 0, 0);
	assert_told(2, 9, "3! 5! 2+3 4+1 6 7 8 ");
	/* One that begins in another and ends behind it. */
	page(4, 4, PAGE_LEAF, 3);
	assert_told(2, 9, "3! 5! 2+3 6 7 4+3 8 ");
	/* Two that end with the file. */
	page(5, 5, PAGE_LEAF, 2);
	assert_told(2, 8, "3! 2+3 6 7 4+3 5+2 ");
}

static void says_why_a_position_is_no_page(void **state)
{
	(void)state;
	clear_image();
	page(2, 2, 0x20, 0);
	page(3, 3, PAGE_META, 0);
	page(4, 4, PAGE_LEAF, 9);
	page(5, 6, PAGE_LEAF, 0);
	page(6, 6, PAGE_FREELIST, 0);
	page(7, 7, PAGE_LEAF, UINT32_MAX);
	assert_told(2, 9, "2! (is neither branch nor leaf) "
	                  "3! (is neither branch nor leaf) "
	                  "4! (runs past the end of the file) "
	                  "5! 6 7! (runs past the end of the file) 8 ");
}

static void a_crowd_of_runs_is_bounded(void **state)
{
	struct buf want = BUF_INIT(BUF_MAX_TEXT);

	(void)state;
	clear_image();
	/* 70 runs that all end with page 200. */
	for (uint64_t i = 2; i < 72; i++)
		page(i, i, PAGE_LEAF, (uint32_t)(200 - i));
	for (uint64_t i = 66; i < 72; i++)
		buf_printf(&want, "%d! (lies among too many overlapping large "
		           "pages) ", (int)i);
	for (uint64_t i = 72; i < 201; i++)
		buf_printf(&want, "%d ", (int)i);
	for (uint64_t i = 2; i < 66; i++)
		buf_printf(&want, "%d+%d ", (int)i, (int)(200 - i));
	buf_puts(&want, "201 ");
	assert_told(2, 202, want.data);
	buf_close(&want);
}

static void a_run_too_large_is_not_held(void **state)
{
	const uint32_t most = WINDOW_RUN_MAX / PAGE;
	struct told t = { .text = BUF_INIT(BUF_MAX_TEXT), .stop_at = -1 };
	const struct window_owner owner = { .page = on_page, .arg = &t };
	struct window w = WINDOW_INIT;
	struct err e = ERR_INIT;

	(void)state;
	clear_image();
	page(2, 2, PAGE_LEAF, most);
	assert_int_equal(window_open(&w, &owner, PAGE, 2, most + 100, &e), 0);
	assert_int_equal(window_feed(&w, image + 2 * PAGE, 2 * PAGE, &e), 0);
	assert_string_equal(t.text.data,
	                    "2! (is larger than this program handles) 3 ");
	assert_int_equal(w.n_open, 0);
	assert_int_equal(w.held_len, 0);
	window_close(&w);
	buf_clear(&t.text);
	/* One page less is held. */
	page(2, 2, PAGE_LEAF, most - 1);
	assert_int_equal(window_open(&w, &owner, PAGE, 2, most + 100, &e), 0);
	assert_int_equal(window_feed(&w, image + 2 * PAGE, 2 * PAGE, &e), 0);
	assert_string_equal(t.text.data, "3 ");
	assert_int_equal(w.n_open, 1);
	window_close(&w);
	buf_close(&t.text);
}

static void stops_with_its_owner_and_its_file(void **state)
{
	struct told t = { .stop_at = 4 };
	const struct window_owner owner = { .page = on_page, .arg = &t };
	struct window w = WINDOW_INIT;
	struct err e = ERR_INIT;

	(void)state;
	clear_image();
	for (size_t piece = 100; piece <= 2048; piece += 487) {
		assert_int_equal(run(&t, 2, 9, piece, &e), -1);
		assert_string_equal(e.text, "enough");
		assert_string_equal(t.text.data, "2 3 ");
		buf_close(&t.text);
	}
	/* Also when it is a run that the owner does not want. */
	page(4, 4, PAGE_LEAF, 1);
	assert_int_equal(run(&t, 2, 9, 512, &e), -1);
	assert_string_equal(t.text.data, "2 3 5 ");
	buf_close(&t.text);
	t = (struct told){ .text = BUF_INIT(BUF_MAX_TEXT), .stop_at = -1 };
	assert_int_equal(window_open(&w, &owner, PAGE, 2, 4, &e), 0);
	assert_int_equal(window_feed(&w, image + 2 * PAGE, 2 * PAGE + 1, &e),
	                 -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_string_equal(e.text, "more bytes than the 4 pages of the "
	                            "database");
	window_close(&w);
	buf_close(&t.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_pages_and_runs),
		cmocka_unit_test(stale_runs_overlap_the_living),
		cmocka_unit_test(says_why_a_position_is_no_page),
		cmocka_unit_test(a_crowd_of_runs_is_bounded),
		cmocka_unit_test(a_run_too_large_is_not_held),
		cmocka_unit_test(stops_with_its_owner_and_its_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
