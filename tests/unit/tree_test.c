#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bolt/bytes.h"
#include "bolt/tree.h"
#include "dbfile.h"

static uint64_t count(struct tree *t, const struct tree_bucket *b)
{
	struct tree_cursor c;
	struct page_item it;
	struct err e = ERR_INIT;
	_Bool found = 1;
	uint64_t n = 0;

	assert_int_equal(tree_first(&c, t, b, &e), 0);
	while (tree_next(&c, &it, &found, &e) == 0 && found)
		n++;
	assert_false(found);
	return n;
}

static void walks_and_finds(void **state)
{
	int fd = dbfile_load("tree-3.5.30");
	struct tree t = TREE_INIT;
	struct tree_bucket top, key, meta, none;
	struct tree_cursor c;
	struct page_item it, same;
	struct err e = ERR_INIT;
	_Bool found = 0;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(tree_open(&t, fd, &e), 0);
	tree_top(&t, &top);
	assert_int_equal(count(&t, &top), 10);
	assert_int_equal(tree_bucket(&t, "key", &key, &e), 0);
	assert_int_not_equal(key.root, 0);
	assert_int_equal(tree_bucket(&t, "meta", &meta, &e), 0);
	assert_int_equal(tree_bucket(&t, "lost", &none, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_string_equal(e.text, "there is no bucket 'lost'");
	assert_int_equal(tree_get(&t, &meta, "consistent_index", 16, &it,
	                          &found, &e), 0);
	assert_true(found);
	assert_int_equal(it.value_len, 8);
	assert_int_equal(tree_first(&c, &t, &key, &e), 0);
	while (tree_next(&c, &it, &found, &e) == 0 && found) {
		struct tree_cursor s;
		_Bool there = 0;

		n++;
		assert_int_equal(tree_get(&t, &key, it.key, it.key_len, &same,
		                          &there, &e), 0);
		assert_true(there && same.key == it.key);
		/* Just behind a key stands the one after it. */
		assert_int_equal(tree_seek(&s, &t, &key, it.key, 16, &e), 0);
		assert_int_equal(tree_next(&s, &same, &there, &e), 0);
		assert_true(there);
	}
	assert_int_equal(n, 160);
	assert_int_equal(tree_last(&t, &key, &same, &found, &e), 0);
	assert_true(found);
	assert_int_equal(bytes_be64(same.key), 168);
	assert_int_equal(tree_seek(&c, &t, &key, "\xff", 1, &e), 0);
	assert_int_equal(tree_next(&c, &it, &found, &e), 0);
	assert_false(found);
	assert_int_equal(tree_unchanged(&t, &e), 0);
	assert_int_equal(pwrite(fd, "", 1, t.st.st_size), 1);
	assert_int_equal(tree_unchanged(&t, &e), -1);
	assert_string_equal(e.text, "the database was changed while it was "
	                    "read");
	tree_close(&t);
	tree_close(&t);
	(void)close(fd);
}

/* Walk everything; the first error, or "". */
static const char *walk_all(int fd)
{
	static char text[512];
	struct tree t = TREE_INIT;
	struct tree_bucket top, b;
	struct tree_cursor c, in;
	struct page_item it, row;
	struct err e = ERR_INIT;
	_Bool found = 1;
	int rc = tree_open(&t, fd, &e);

	if (rc == 0) {
		tree_top(&t, &top);
		rc = tree_first(&c, &t, &top, &e);
	}
	while (rc == 0 && (rc = tree_next(&c, &it, &found, &e)) == 0 && found) {
		_Bool more = 1;

		rc = tree_bucket_of(&t, &it, &b, &e);
		if (rc == 0)
			rc = tree_first(&in, &t, &b, &e);
		while (rc == 0 && more)
			rc = tree_next(&in, &row, &more, &e);
	}
	tree_close(&t);
	(void)snprintf(text, sizeof(text), "%s", rc == 0 ? "" : e.text);
	return text;
}

static void says_what_is_damaged(void **state)
{
	struct tree t = TREE_INIT;
	struct tree_bucket key;
	struct tree_cursor c;
	struct err e = ERR_INIT;
	unsigned char b[16], saved[16];
	char want[160];
	uint64_t root, ps;
	off_t at;
	int fd = dbfile_load("tree-3.5.30"), bare = dbfile_new();

	(void)state;
	assert_string_equal(walk_all(fd), "");
	assert_int_equal(tree_open(&t, fd, &e), 0);
	assert_int_equal(tree_bucket(&t, "key", &key, &e), 0);
	assert_int_equal(tree_first(&c, &t, &key, &e), 0);
	assert_true(c.depth > 1);
	root = key.root;
	ps = t.meta.page_size;
	tree_close(&t);

	at = (off_t)(root * ps);
	assert_int_equal(pread(fd, saved, 16, at), 16);
	/* The root's first child is the root. */
	assert_int_equal(pread(fd, b, 8, at + 24), 8);
	bytes_put_le64(b + 8, root);
	assert_int_equal(pwrite(fd, b + 8, 8, at + 24), 8);
	(void)snprintf(want, sizeof(want), "page %d of bucket 'key' is reached "
	               "twice", (int)root);
	assert_string_equal(walk_all(fd), want);
	assert_int_equal(pwrite(fd, b, 8, at + 24), 8);

	bytes_put_le64(b, root + 1);
	assert_int_equal(pwrite(fd, b, 8, at), 8);
	(void)snprintf(want, sizeof(want), "page %d of bucket 'key' bears the "
	               "number of another page", (int)root);
	assert_string_equal(walk_all(fd), want);
	assert_int_equal(pwrite(fd, saved, 16, at), 16);

	bytes_put_le32(b, 0xffffffff);
	assert_int_equal(pwrite(fd, b, 4, at + 12), 4);
	(void)snprintf(want, sizeof(want), "page %d of bucket 'key' runs past "
	               "the end of the file", (int)root);
	assert_string_equal(walk_all(fd), want);
	assert_int_equal(pwrite(fd, saved, 16, at), 16);

	assert_int_equal(ftruncate(fd, (off_t)(3 * ps)), 0);
	assert_non_null(strstr(walk_all(fd), "cut short: 12288 bytes where "));
	assert_string_equal(walk_all(bare), "0 bytes are too few for a "
	                    "database");
	assert_int_equal(ftruncate(bare, 8192), 0);
	assert_string_equal(walk_all(bare), "not a bbolt database: not a bbolt "
	                    "meta page (magic 00000000)");
	(void)close(bare);
	(void)close(fd);
}

/* Damage of any kind ends in an error or in a walk, never elsewhere. */
static void survives_random_damage(void **state)
{
	unsigned seed = 7;
	struct stat st;
	int fd;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		if (round % 50 == 0) {
			if (round > 0)
				(void)close(fd);
			fd = dbfile_load("tree-3.5.30");
			assert_int_equal(fstat(fd, &st), 0);
		}
		for (int k = 0; k < 3; k++) {
			/* Mostly where headers and elements lie. */
			off_t page = rand_r(&seed) % (int)(st.st_size / 4096);
			off_t at = page * 4096 + rand_r(&seed) %
			           (rand_r(&seed) % 4 == 0 ? 4096 : 64);
			unsigned char b = (unsigned char)(rand_r(&seed) >> 8);

			if (at >= 8192)
				assert_int_equal(pwrite(fd, &b, 1, at), 1);
		}
		(void)walk_all(fd);
	}
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_and_finds),
		cmocka_unit_test(says_what_is_damaged),
		cmocka_unit_test(survives_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
