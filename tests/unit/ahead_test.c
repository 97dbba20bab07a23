#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "snapshot/ahead.h"

/* Makes blocks of numbers; ends, or fails, after so many. */
struct maker {
	unsigned made, blocks;
	_Bool fails;
	size_t len;
};

static int make(void *arg, void *to, size_t room, size_t *out_len,
                struct err *e)
{
	struct maker *m = arg;

	if (room != AHEAD_BLOCK)
		return err_set(e, ERR_SYS, "room for %zu bytes", room);
	if (m->made == m->blocks && m->fails)
		return err_set(e, ERR_CORRUPT, "block %u is damaged", m->made);
	*out_len = m->made == m->blocks ? 0 : m->len;
	(void)memset(to, (int)(m->made % 251), *out_len);
	m->made += m->made < m->blocks;
	return 0;
}

/* Take all blocks, and see that each is what was made; the block before must
 * stay untouched until the next is asked for. */
static int take(struct ahead *a, const struct maker *m, unsigned *out_blocks,
                struct err *e)
{
	const void *data;
	size_t len;

	for (*out_blocks = 0;; (*out_blocks)++) {
		if (ahead_next(a, &data, &len, e) < 0)
			return -1;
		if (len == 0)
			return 0;
		assert_int_equal(len, m->len);
		for (int round = 0; round < 3; round++)
			for (size_t i = 0; i < len; i += 1021)
				assert_int_equal(((const unsigned char *)
				                  data)[i], *out_blocks % 251);
	}
}

static void hands_on_every_block_in_order(void **state)
{
	static const unsigned counts[] = { 0, 1, 3, 4, 5, 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct maker m = { .blocks = counts[i], .len = AHEAD_BLOCK };
		struct ahead *a = NULL;
		struct err e = ERR_INIT;
		unsigned blocks;
		const void *data;
		size_t len = 1;

		assert_int_equal(ahead_new(&a, make, &m, &e), 0);
		assert_int_equal(take(a, &m, &blocks, &e), 0);
		assert_int_equal(blocks, counts[i]);
		/* The end stays the end. */
		assert_int_equal(ahead_next(a, &data, &len, &e), 0);
		assert_int_equal(len, 0);
		assert_non_null(data);
		ahead_free(a);
	}
}

static void a_failure_comes_after_what_was_made(void **state)
{
	static const unsigned counts[] = { 0, 1, 4, 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct maker m = { .blocks = counts[i], .fails = 1,
		                   .len = 1000 };
		struct ahead *a = NULL;
		struct err e = ERR_INIT;
		char want[40];
		unsigned blocks;
		const void *data = NULL;
		size_t len = 77;

		(void)snprintf(want, sizeof(want), "block %u is damaged",
		               counts[i]);
		assert_int_equal(ahead_new(&a, make, &m, &e), 0);
		assert_int_equal(take(a, &m, &blocks, &e), -1);
		assert_int_equal(blocks, counts[i]);
		assert_int_equal(e.kind, ERR_CORRUPT);
		assert_string_equal(e.text, want);
		/* And again, with the outputs untouched. */
		e = (struct err)ERR_INIT;
		assert_int_equal(ahead_next(a, &data, &len, &e), -1);
		assert_string_equal(e.text, want);
		assert_null(data);
		assert_int_equal(len, 77);
		ahead_free(a);
	}
}

static void may_be_left_at_any_point(void **state)
{
	(void)state;
	for (unsigned taken = 0; taken < 12; taken++) {
		struct maker m = { .blocks = 1000, .len = 5000 };
		struct ahead *a = NULL;
		struct err e = ERR_INIT;
		const void *data;
		size_t len;

		assert_int_equal(ahead_new(&a, make, &m, &e), 0);
		for (unsigned i = 0; i < taken; i++)
			assert_int_equal(ahead_next(a, &data, &len, &e), 0);
		ahead_free(a);
		/* The thread was never further ahead than its blocks. */
		assert_true(m.made <= taken + AHEAD_BLOCKS);
	}
	ahead_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_on_every_block_in_order),
		cmocka_unit_test(a_failure_comes_after_what_was_made),
		cmocka_unit_test(may_be_left_at_any_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
