#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crc32c.h"
#include "mvcc/rows.h"

/* Enough that chunks are spilled and that the keys need several passes. */
enum {
	PER_RUN = 48, RUNS = 8500, ROWS = PER_RUN * RUNS, KEYS = ROWS / 2,
	BYTES = 12,
};

static struct row *all;                 /* in revision order */
static uint32_t *key_of;                /* number of its user's key */

static void bytes_of(uint32_t i, unsigned char out[BYTES])
{
	uint32_t words[BYTES / 4] = { i, i * 2654435761u, ~i };

	(void)memcpy(out, words, BYTES);
}

static uint32_t next_random(uint64_t *x)
{
	*x = *x * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(*x >> 33);
}

/* A history: each key is put a few times and sometimes deleted; two rows in
 * each revision. */
static int make_history(void **state)
{
	uint32_t *versions = calloc(KEYS, sizeof(*versions));
	uint64_t x = 1;

	(void)state;
	all = calloc(ROWS, sizeof(*all));
	key_of = calloc(ROWS, sizeof(*key_of));
	if (versions == NULL || all == NULL || key_of == NULL) {
		free(versions);
		return -1;
	}
	for (uint32_t i = 0; i < ROWS; i++) {
		uint32_t k = next_random(&x) % KEYS;
		_Bool gone = versions[k] > 0 && next_random(&x) % 5 == 0;
		unsigned char bytes[BYTES];

		versions[k] = gone ? 0 : versions[k] + 1;
		bytes_of(i, bytes);
		key_of[i] = k;
		all[i].main = 2 + i / 2;
		all[i].sub = i % 2;
		all[i].version = versions[k] & 0xffffff;
		all[i].tombstone = gone;
		all[i].len = BYTES;
		all[i].crc = crc32c_update(0, bytes, BYTES);
	}
	free(versions);
	return 0;
}

static int drop_history(void **state)
{
	(void)state;
	free(all);
	free(key_of);
	return 0;
}

/* Log the first `runs` runs as pages lie in a file: in any order. */
static void fill(struct rows *r, uint32_t runs)
{
	struct rows_run *order = calloc(runs, sizeof(*order));
	struct err e = ERR_INIT;

	assert_non_null(order);
	assert_int_equal(rows_open(r, "/tmp", &e), 0);
	for (uint32_t n = 0; n < runs; n++) {
		uint32_t run = (uint32_t)((uint64_t)n * 7001 % runs);

		order[run].first = r->n_rows;
		order[run].count = PER_RUN;
		for (uint32_t i = run * PER_RUN; i < (run + 1) * PER_RUN; i++) {
			struct row row = all[i];

			row.key = rows_fingerprint(r, &key_of[i],
			                           sizeof(key_of[i]));
			assert_int_equal(rows_add(r, &row, &e), 0);
			assert_int_equal(rows_get(r, r->n_rows - 1)->crc,
			                 row.crc);
		}
	}
	assert_int_equal(rows_map(r, &e), 0);
	for (uint32_t n = 0; n < runs; n++)
		assert_int_equal(rows_append_run(r, &order[n], &e), 0);
	free(order);
}

/* Row index of the newest row of each key at `revision`, or -1. */
static int32_t *newest_at(uint32_t n_rows, uint64_t revision)
{
	int32_t *newest = malloc(KEYS * sizeof(*newest));

	assert_non_null(newest);
	for (uint32_t k = 0; k < KEYS; k++)
		newest[k] = -1;
	for (uint32_t i = 0; i < n_rows && all[i].main <= revision; i++)
		newest[key_of[i]] = all[i].tombstone ? -1 : (int32_t)i;
	return newest;
}

static uint64_t living(uint32_t n_rows)
{
	int32_t *newest = newest_at(n_rows, UINT64_MAX);
	uint64_t n = 0;

	for (uint32_t k = 0; k < KEYS; k++)
		n += newest[k] >= 0;
	free(newest);
	return n;
}

/* HashKV from the bytes, as etcd's description has it: "key", then all rows up
 * to the revision; of those up to the compaction only what is alive. */
static uint32_t plain_hash(uint32_t n_rows, uint64_t revision, int64_t compact)
{
	int32_t *newest = newest_at(n_rows, revision);
	uint32_t crc = crc32c_update(0, "key", 3);
	_Bool any = 0;

	for (uint32_t k = 0; k < KEYS; k++)
		any = any || newest[k] >= 0;
	for (uint32_t i = 0; i < n_rows && all[i].main <= revision; i++) {
		unsigned char bytes[BYTES];

		if (compact > 0 && all[i].main <= (uint64_t)compact && any &&
		    newest[key_of[i]] != (int32_t)i)
			continue;
		if (compact > 0 && all[i].main == (uint64_t)compact &&
		    all[i].tombstone)
			continue;
		bytes_of(i, bytes);
		crc = crc32c_update(crc, bytes, BYTES);
	}
	free(newest);
	return crc;
}

static void compare(uint32_t runs, struct findings *f)
{
	const uint64_t last = 1 + (uint64_t)runs * PER_RUN / 2;
	const struct {
		uint64_t revision;
		int64_t compact;
	} cuts[] = {
		{ last, -1 }, { last, 0 }, { last, (int64_t)last },
		{ last, (int64_t)last / 2 }, { last / 2, -1 },
		{ last / 2, (int64_t)last / 3 }, { last, 2 }, { 1, -1 },
		{ last + 1000, (int64_t)last / 2 }, { last / 2, -1 },
	};
	struct rows r = ROWS_INIT;
	struct rows_summary sum;
	struct err e = ERR_INIT;
	uint64_t tombstones = 0;

	fill(&r, runs);
	for (uint32_t i = 0; i < runs * PER_RUN; i++)
		tombstones += all[i].tombstone;
	assert_int_equal(rows_finish(&r, &sum, f, &e), 0);
	assert_int_equal(sum.rows, runs * PER_RUN);
	assert_int_equal(sum.tombstones, tombstones);
	assert_int_equal(sum.revision, last);
	assert_int_equal(sum.live_keys, living(runs * PER_RUN));
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		uint32_t hash = 0;

		assert_int_equal(rows_hash(&r, cuts[i].revision,
		                           cuts[i].compact, &hash, &e), 0);
		assert_int_equal(hash, plain_hash(runs * PER_RUN,
		                                  cuts[i].revision,
		                                  cuts[i].compact));
	}
	if (runs == RUNS)
		assert_true(r.n_spilled > 0 && r.mapped != NULL);
	else
		assert_int_equal(r.n_spilled, 0);
	rows_close(&r);
	rows_close(&r);
}

static void hashes_as_from_the_bytes(void **state)
{
	static const uint32_t runs[] = { 1, 2, 3, 50, RUNS };
	struct findings f = FINDINGS_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		compare(runs[i], &f);
	assert_int_equal(f.count, 0);
	findings_close(&f);
}

static void no_rows_are_fine(void **state)
{
	struct findings f = FINDINGS_INIT;
	struct rows r = ROWS_INIT;
	struct rows_summary sum;
	struct err e = ERR_INIT;
	uint32_t hash = 0;

	(void)state;
	assert_int_equal(rows_open(&r, "/tmp", &e), 0);
	assert_int_equal(rows_finish(&r, &sum, &f, &e), 0);
	assert_int_equal(sum.rows, 0);
	assert_int_equal(sum.revision, 0);
	assert_int_equal(rows_hash(&r, 5, -1, &hash, &e), 0);
	assert_int_equal(hash, crc32c_update(0, "key", 3));
	rows_close(&r);
}

/* What is found wrong with three rows of one key. */
static void judge(const struct row rows[3], const char *said)
{
	struct rows_run run = { .count = 3 };
	struct findings f = FINDINGS_INIT;
	struct rows r = ROWS_INIT;
	struct rows_summary sum;
	struct err e = ERR_INIT;

	assert_int_equal(rows_open(&r, "/tmp", &e), 0);
	for (int i = 0; i < 3; i++) {
		struct row row = rows[i];

		row.key = rows_fingerprint(&r, "k", 1);
		assert_int_equal(rows_add(&r, &row, &e), 0);
	}
	assert_int_equal(rows_map(&r, &e), 0);
	assert_int_equal(rows_append_run(&r, &run, &e), 0);
	assert_int_equal(rows_finish(&r, &sum, &f, &e), 0);
	assert_string_equal(f.count == 0 ? "" : f.text.data, said);
	findings_close(&f);
	rows_close(&r);
}

static void finds_revisions_that_fall_and_versions_that_skip(void **state)
{
	(void)state;
	judge((struct row[]){ { .main = 2, .version = 1 },
	                      { .main = 3, .version = 2 },
	                      { .main = 3, .sub = 1, .version = 3 } }, "");
	judge((struct row[]){ { .main = 2, .version = 1 },
	                      { .main = 3, .tombstone = 1 },
	                      { .main = 4, .version = 1 } }, "");
	/* The version is kept to 24 bits. */
	judge((struct row[]){ { .main = 2, .version = 0xffffff },
	                      { .main = 3, .version = 0 },
	                      { .main = 4, .version = 1 } }, "");
	judge((struct row[]){ { .main = 2, .version = 1 },
	                      { .main = 3, .version = 3 },
	                      { .main = 4, .version = 4 } },
	      "bucket 'key': revision 2.0 is followed by version 3 of the same "
	      "key, where 2 was due\n");
	judge((struct row[]){ { .main = 2, .version = 7 },
	                      { .main = 3, .tombstone = 1 },
	                      { .main = 4, .version = 8 } },
	      "bucket 'key': revision 3.0 is followed by version 8 of the same "
	      "key, where 1 was due\n");
	judge((struct row[]){ { .main = 2, .version = 1 },
	                      { .main = 5, .version = 2 },
	                      { .main = 5, .version = 3 } },
	      "bucket 'key': revision 5.0 does not come after 5.0\n");
	judge((struct row[]){ { .main = 4, .version = 1 },
	                      { .main = 3, .sub = 9, .version = 2 },
	                      { .main = 6, .version = 3 } },
	      "bucket 'key': revision 3.9 does not come after 4.0\n");
}

static void says_where_it_cannot_spill(void **state)
{
	struct rows r = ROWS_INIT;
	struct err e = ERR_INIT;
	struct row row = { .main = 1 };
	int rc = 0;

	(void)state;
	assert_int_equal(rows_open(&r, "/nonexistent", &e), 0);
	for (uint32_t i = 0; rc == 0 && i < ROWS; i++)
		rc = rows_add(&r, &row, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_SYS);
	assert_string_equal(e.text, "cannot make a temporary file in "
	                    "'/nonexistent': No such file or directory");
	assert_int_equal(r.n_rows, ROWS_CHUNK * ROWS_CHUNKS_IN_MEMORY);
	rows_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_from_the_bytes),
		cmocka_unit_test(no_rows_are_fine),
		cmocka_unit_test(
			finds_revisions_that_fall_and_versions_that_skip),
		cmocka_unit_test(says_where_it_cannot_spill),
	};

	return cmocka_run_group_tests(tests, make_history, drop_history);
}
