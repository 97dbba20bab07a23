#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "snapshot/archive_out.h"
#include "snapshot/rkezip_out.h"

/* What holds for every form; archive_out_test looks into the files. */
enum { SIZE = 70000 };

static char dir[64];
static char data[SIZE];
static struct stage st;
static struct sink *s;

static void make(_Bool zip)
{
	struct err e = ERR_INIT;

	st = (struct stage)STAGE_INIT;
	assert_int_equal(stage_open(&st, dir, "a", 0600, &e), 0);
	assert_int_equal(zip ? rkezip_out_new(&s, &st, "a", &e)
	                     : archive_out_new(&s, &st, 1, 0, &e), 0);
}

static void drop(void)
{
	sink_free(s);
	s = NULL;
	stage_close(&st);
}

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/sink-XXXXXX");
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)((i * i) >> 7);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	drop();
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void fill(void)
{
	struct err e = ERR_INIT;

	assert_int_equal(sink_whole(s, PART_DATABASE, 1700000000, data, SIZE,
	                            &e), 0);
	assert_int_equal(sink_finish(s, "{}\n", 3, &e), 0);
	assert_int_equal(s->raw, SIZE);
	assert_int_equal(s->packed, st.size);
	assert_int_equal(stage_sync(&st, &e), 0);
	assert_int_equal(sink_readback(s, &e), 0);
}

static void refused(const char *said)
{
	struct err e = ERR_INIT;

	assert_int_equal(sink_readback(s, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_string_equal(e.text, said);
}

/* Wherever a bit of the file turns, the readback sees it. */
static void readback_sees_every_bit(void **state)
{
	(void)state;
	for (int zip = 0; zip < 2; zip++) {
		make(zip != 0);
		fill();
		for (uint64_t at = 0; at < st.size; at += 997) {
			struct err e = ERR_INIT;
			char was, now;

			assert_int_equal(pread(st.fd, &was, 1, (off_t)at), 1);
			now = (char)(was ^ (1 << at % 8));
			assert_int_equal(pwrite(st.fd, &now, 1, (off_t)at), 1);
			refused("the file reads back different from what was "
			        "written");
			assert_int_equal(pwrite(st.fd, &was, 1, (off_t)at), 1);
			assert_int_equal(sink_readback(s, &e), 0);
		}
		drop();
	}
}

static void readback_sees_a_wrong_size(void **state)
{
	char want[128];

	(void)state;
	make(0);
	fill();
	assert_int_equal(pwrite(st.fd, "x", 1, (off_t)st.size), 1);
	(void)snprintf(want, sizeof(want), "the file has %d bytes, %d were "
	               "written", (int)st.size + 1, (int)st.size);
	refused(want);
	assert_int_equal(ftruncate(st.fd, 0), 0);
	(void)snprintf(want, sizeof(want), "the file has 0 bytes, %d were "
	               "written", (int)st.size);
	refused(want);
}

static void announced_sizes_are_kept(void **state)
{
	const struct part p = { .role = PART_DATABASE, .size = 10,
	                        .mode = 0600 };

	(void)state;
	for (int zip = 0; zip < 2; zip++) {
		struct err e = ERR_INIT;

		make(zip != 0);
		assert_int_equal(sink_begin(s, &p, &e), 0);
		assert_int_equal(sink_write(s, data, 4, &e), 0);
		assert_int_equal(sink_write(s, data, 7, &e), -1);
		assert_int_equal(e.kind, ERR_CORRUPT);
		assert_string_equal(e.text, "more than the 10 bytes that were "
		                            "announced");
		drop();
		make(zip != 0);
		assert_int_equal(sink_begin(s, &p, &e), 0);
		assert_int_equal(sink_write(s, data, 4, &e), 0);
		assert_int_equal(sink_end(s, &e), -1);
		assert_int_equal(e.kind, ERR_CORRUPT);
		assert_string_equal(e.text, "6 of the 10 bytes that were "
		                            "announced are missing");
		drop();
	}
}

static void forms_say_what_they_take(void **state)
{
	(void)state;
	make(0);
	assert_true(sink_takes(s, PART_DATABASE));
	assert_true(sink_takes(s, PART_CONFIG));
	assert_true(sink_takes(s, PART_STATE));
	drop();
	make(1);
	assert_true(sink_takes(s, PART_DATABASE));
	assert_false(sink_takes(s, PART_CONFIG));
	assert_true(sink_takes(s, PART_STATE));
}

/* At any point: begun, within a part, between parts, finished. */
static void may_be_freed_at_any_point(void **state)
{
	const struct part p = { .role = PART_DATABASE, .size = SIZE,
	                        .mode = 0600 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct err e = ERR_INIT;
		int steps = i / 2;

		make(i % 2 != 0);
		if (steps > 0)
			assert_int_equal(sink_begin(s, &p, &e), 0);
		if (steps > 1)
			assert_int_equal(sink_write(s, data, SIZE, &e), 0);
		if (steps > 2)
			assert_int_equal(sink_end(s, &e), 0);
		if (steps > 3)
			assert_int_equal(sink_finish(s, "{}", 2, &e), 0);
		drop();
	}
	sink_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(readback_sees_every_bit),
		TEST(readback_sees_a_wrong_size),
		TEST(announced_sizes_are_kept),
		TEST(forms_say_what_they_take),
		TEST(may_be_freed_at_any_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
