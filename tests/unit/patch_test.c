#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bolt/bytes.h"
#include "bolt/patch.h"
#include "dbfile.h"
#include "mvcc/revision.h"

enum { KEY = 24 };

static unsigned char blob[3 << 20];     /* values point in here */

/* Keys as etcd's, so that the image check knows what it sees. */
static size_t row_key(unsigned char *key, uint64_t main)
{
	const struct revision rev = { .main = main };

	return revision_format(&rev, key);
}

/* mvccpb.KeyValue {key "k", create, mod, version, value}, `pad` bytes of it. */
static size_t row_value(unsigned char *v, uint64_t main, size_t pad)
{
	size_t n = 0;

	(void)memcpy(v, "\x0a\x01k\x10", 4);
	n = 4;
	v[n++] = 2;                             /* created at 2 */
	v[n++] = 0x18;
	for (uint64_t x = main; ; x >>= 7) {
		v[n++] = (unsigned char)(x > 127 ? x | 128 : x);
		if (x <= 127)
			break;
	}
	v[n++] = 0x20;
	for (uint64_t x = main - 1; ; x >>= 7) {
		v[n++] = (unsigned char)(x > 127 ? x | 128 : x);
		if (x <= 127)
			break;
	}
	v[n++] = 0x2a;
	for (uint64_t x = pad; ; x >>= 7) {
		v[n++] = (unsigned char)(x > 127 ? x | 128 : x);
		if (x <= 127)
			break;
	}
	(void)memset(v + n, 'v', pad);
	return n + pad;
}

struct entry { unsigned char key[KEY]; unsigned char *value; size_t len; };

/* A database with `n` rows, the i-th value padded to pad(i). */
static int build(uint32_t page_size, unsigned fill, size_t n,
                 size_t (*pad)(size_t i))
{
	static struct entry *rows;
	struct outfile out = OUTFILE_INIT;
	struct dense d = DENSE_INIT;
	struct meta m;
	struct err e = ERR_INIT;
	int fd = dbfile_new(), rc;

	rows = calloc(n + 1, sizeof(*rows));
	rc = outfile_open(&out, fd, 0, "db", &e) < 0 ||
	     dense_open(&d, &out, page_size, fill, 2, &e) < 0 ||
	     dense_bucket(&d, "key", 3, 0, &e) < 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct entry *r = &rows[i];

		(void)row_key(r->key, i + 2);
		r->value = malloc(pad(i) + 40);
		r->len = row_value(r->value, i + 2, pad(i));
		rc = dense_put(&d, r->key, REVISION_BYTES, r->value, r->len,
		               &e);
	}
	rc = rc || dense_bucket_end(&d, &e) < 0 ||
	     dense_bucket(&d, "meta", 4, 0, &e) < 0 ||
	     dense_put(&d, "consistent_index", 16, "\0\0\0\0\0\0\0\x09", 8,
	               &e) < 0 ||
	     dense_bucket_end(&d, &e) < 0 ||
	     dense_finish(&d, 1, 0, &m, &e) < 0 || outfile_flush(&out, &e) < 0;
	if (rc != 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < n; i++)
		free(rows[i].value);
	free(rows);
	dense_close(&d);
	outfile_close(&out);
	return fd;
}

static size_t pad_small(size_t i) { return i % 90; }
static size_t pad_mixed(size_t i)
{
	return i % 41 == 0 ? 70000 : i % 7 == 0 ? 3000 : i % 90;
}
static size_t pad_huge(size_t i) { return i % 3 == 0 ? (2 << 20) : 100; }

static void dense_trees_are_sound(void **state)
{
	static const struct {
		uint32_t page_size;
		unsigned fill;
		size_t n;
		size_t (*pad)(size_t);
	} cases[] = {
		{ 4096, 100, 0, pad_small }, { 4096, 100, 1, pad_small },
		{ 4096, 100, 12, pad_small }, { 4096, 100, 60, pad_small },
		{ 4096, 90, 70000, pad_small }, { 4096, 100, 3000, pad_mixed },
		{ 1024, 50, 20000, pad_small }, { 1024, 100, 300, pad_mixed },
		{ 65536, 100, 30000, pad_small }, { 4096, 100, 9, pad_huge },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = build(cases[i].page_size, cases[i].fill, cases[i].n,
		               cases[i].pad);
		struct image_summary sum;

		assert_string_equal(dbfile_check(fd, &sum), "");
		assert_int_equal(sum.rows.rows, cases[i].n);
		assert_int_equal(sum.free_pages, 0);
		assert_int_equal(sum.entries, cases[i].n + 1);
		assert_int_equal(sum.txid, 3);
		(void)close(fd);
	}
}

static void dense_refuses_disorder(void **state)
{
	struct outfile out = OUTFILE_INIT;
	struct dense d = DENSE_INIT;
	struct err e = ERR_INIT;
	int fd = dbfile_new();

	(void)state;
	assert_int_equal(outfile_open(&out, fd, 0, "db", &e), 0);
	assert_int_equal(dense_open(&d, &out, 4096, 100, 2, &e), 0);
	assert_int_equal(dense_bucket(&d, "key", 3, 0, &e), 0);
	assert_int_equal(dense_put(&d, "b", 1, "", 0, &e), 0);
	assert_int_equal(dense_put(&d, "a", 1, "", 0, &e), -1);
	assert_string_equal(e.text, "key 'a' is out of order");
	assert_int_equal(dense_put(&d, "", 0, "", 0, &e), -1);
	assert_string_equal(e.text, "an entry is too large");
	dense_close(&d);
	outfile_close(&out);
	(void)close(fd);
}

/* Rewriting leaves the content, and hence etcd's status hash, as it is. */
static void rewrite_keeps_the_hash(void **state)
{
	static const struct { const char *name; uint32_t hash; } known[] = {
		{ "snap-3.4.23", 0x80853629 }, { "snap-3.7.1", 0x0db9ecd5 },
		{ "tree-3.5.30", 0x0234572f }, { "au", 0xb9ad1f70 },
		{ "hk-3.5.30-3", 0xdf407d0e },
	};
	const struct patch none = { .n_replace = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		for (unsigned fill = 50; fill <= 100; fill += 25) {
			int from = dbfile_load(known[i].name);
			int to = dbfile_new();
			struct tree t = TREE_INIT;
			struct outfile out = OUTFILE_INIT;
			struct image_summary sum;
			struct meta m;
			struct err e = ERR_INIT;

			assert_int_equal(tree_open(&t, from, &e), 0);
			assert_int_equal(outfile_open(&out, to, 0, "db", &e),
			                 0);
			assert_int_equal(patch_rewrite(&none, &t, fill, &out,
			                               &m, &e), 0);
			assert_int_equal(outfile_flush(&out, &e), 0);
			assert_string_equal(dbfile_check(to, &sum), "");
			assert_int_equal(sum.status_hash, known[i].hash);
			assert_int_equal(sum.free_pages, 0);
			outfile_close(&out);
			tree_close(&t);
			(void)close(from);
			(void)close(to);
		}
}

/* Append a row in place; what the check, if wanted, says of the result. */
static const char *append(int fd, uint64_t main, struct image_summary *sum)
{
	static char why[512];
	unsigned char key[KEY];
	struct patch p = { .append_to = "key", .key = key,
	                   .value = (const unsigned char *)"" };
	struct tree t = TREE_INIT;
	struct outfile out = OUTFILE_INIT;
	struct meta m;
	struct err e = ERR_INIT;
	uint64_t end;
	int rc;

	p.key_len = row_key(key, main);
	assert_int_equal(tree_open(&t, fd, &e), 0);
	end = t.meta.pages * t.meta.page_size;
	assert_int_equal(outfile_open(&out, fd, end, "db", &e), 0);
	rc = patch_in_place(&p, &t, &out, &m, &e);
	if (rc == 0)
		rc = outfile_flush(&out, &e);
	outfile_close(&out);
	tree_close(&t);
	if (rc == 0)
		return sum == NULL ? "" : dbfile_check(fd, sum);
	(void)snprintf(why, sizeof(why), "%s", e.text);
	return why;
}

/* bbolt wants two children in every branch: on the right edge, and beside. */
static void check_branches(int fd)
{
	struct tree t = TREE_INIT;
	struct tree_bucket b;
	struct tree_cursor c;
	struct err e = ERR_INIT;

	assert_int_equal(tree_open(&t, fd, &e), 0);
	assert_int_equal(tree_bucket(&t, "key", &b, &e), 0);
	assert_int_equal(tree_right_edge(&c, &t, &b, &e), 0);
	for (unsigned d = 0; d + 1 < c.depth; d++) {
		const struct page *p = &c.path[d].page;

		assert_true(p->count >= 2);
		for (unsigned i = 0; i < p->count; i++) {
			struct page child;

			page_view(&child, t.map + page_child(p, i).page *
			          t.meta.page_size, t.meta.page_size);
			assert_true(child.flags == PAGE_LEAF ||
			            child.count >= 2);
		}
	}
	tree_close(&t);
}

/* Keys so long that a page holds but one still make a tree that ends. */
static void long_keys_make_a_tree(void **state)
{
	enum { N = 300, LEN = 900 };
	static unsigned char keys[N][LEN];
	struct outfile out = OUTFILE_INIT;
	struct dense d = DENSE_INIT;
	struct tree t = TREE_INIT;
	struct tree_bucket b;
	struct tree_cursor c;
	struct page_item it;
	struct meta m;
	struct err e = ERR_INIT;
	_Bool found = 1;
	size_t n = 0;
	int fd = dbfile_new();

	(void)state;
	assert_int_equal(outfile_open(&out, fd, 0, "db", &e), 0);
	assert_int_equal(dense_open(&d, &out, 1024, 100, 2, &e), 0);
	assert_int_equal(dense_bucket(&d, "key", 3, 7, &e), 0);
	for (size_t i = 0; i < N; i++) {
		bytes_put_be64(keys[i], i);
		assert_int_equal(dense_put(&d, keys[i], LEN, "", 0, &e), 0);
	}
	assert_int_equal(dense_bucket_end(&d, &e), 0);
	assert_int_equal(dense_finish(&d, 1, 0, &m, &e), 0);
	assert_int_equal(outfile_flush(&out, &e), 0);
	assert_int_equal(tree_open(&t, fd, &e), 0);
	assert_int_equal(tree_bucket(&t, "key", &b, &e), 0);
	assert_int_equal(b.sequence, 7);
	assert_int_equal(tree_first(&c, &t, &b, &e), 0);
	while (tree_next(&c, &it, &found, &e) == 0 && found)
		assert_int_equal(bytes_be64(it.key), n++);
	assert_int_equal(n, N);
	tree_close(&t);
	check_branches(fd);
	dense_close(&d);
	outfile_close(&out);
	(void)close(fd);
}

static void appends_at_every_shape(void **state)
{
	static const struct {
		uint32_t page_size;
		size_t n, rounds;
		size_t (*pad)(size_t);
	} cases[] = {
		{ 4096, 0, 40, pad_small }, { 4096, 5, 40, pad_small },
		{ 4096, 60, 200, pad_small }, { 1024, 400, 1200, pad_small },
		{ 1024, 7000, 60, pad_small }, { 4096, 42, 5, pad_mixed },
		{ 4096, 3, 3, pad_huge },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = build(cases[i].page_size, 100, cases[i].n,
		               cases[i].pad);
		struct image_summary sum;

		for (uint64_t k = 0; k < cases[i].rounds; k++) {
			/* The long round is looked at now and then. */
			if (cases[i].rounds > 200 && k % 16 != 0 &&
			    k + 1 < cases[i].rounds) {
				assert_string_equal(append(fd, 100000 + k,
				                           NULL), "");
				continue;
			}
			assert_string_equal(append(fd, 100000 + k, &sum), "");
			assert_int_equal(sum.revision, 100000 + k);
			assert_int_equal(sum.rows.rows, cases[i].n + k + 1);
			check_branches(fd);
		}
		/* A leaf with room takes the row. */
		if (cases[i].n <= 5 && cases[i].pad == pad_small)
			assert_true(sum.buckets[0].leaf_pages <= 1);
		assert_string_equal(append(fd, 100000, &sum), "bucket 'key' "
		        "ends behind the row that was to be its last");
		(void)close(fd);
	}
}

static void replaces_buckets(void **state)
{
	struct entries meta = ENTRIES_INIT, members = ENTRIES_INIT;
	const struct patch_bucket buckets[] = {
		{ "meta", &meta }, { "members", &members }, { "novel", &meta },
	};
	const struct patch p = { .replace = buckets, .n_replace = 3 };
	char name[32];

	(void)state;
	for (int in_place = 0; in_place < 2; in_place++) {
		int fd = dbfile_load("snap-3.5.30"), to = fd;
		struct tree t = TREE_INIT, after = TREE_INIT;
		struct outfile out = OUTFILE_INIT;
		struct tree_bucket b;
		struct image_summary sum;
		struct page_item it;
		struct meta m;
		struct err e = ERR_INIT;
		_Bool found;
		uint64_t txid;

		assert_int_equal(entries_put(&meta, "consistent_index", 16,
		        "\0\0\0\0\0\0\0\x03", 8, &e), 0);
		/* More than lies inline, more than a page. */
		for (int i = 0; i < 60; i++) {
			(void)snprintf(name, sizeof(name), "%x", 0xabc000 + i);
			assert_int_equal(entries_put(&members, name,
			        strlen(name), blob, 100, &e), 0);
		}
		assert_int_equal(tree_open(&t, fd, &e), 0);
		txid = t.meta.txid;
		if (!in_place)
			to = dbfile_new();
		assert_int_equal(outfile_open(&out, to, in_place ?
		        t.meta.pages * t.meta.page_size : 0, "db", &e), 0);
		assert_int_equal(in_place ? patch_in_place(&p, &t, &out, &m, &e)
		        : patch_rewrite(&p, &t, 100, &out, &m, &e), 0);
		assert_int_equal(outfile_flush(&out, &e), 0);
		assert_string_equal(dbfile_check(to, &sum), "");
		assert_int_equal(sum.members, 60);
		assert_int_equal(sum.consistent_index, 3);
		assert_int_equal(sum.term, 0);
		assert_int_equal(sum.rows.rows, 8);
		assert_int_equal(sum.n_buckets, 11);
		assert_int_equal(sum.txid, txid + 2);
		assert_int_equal(tree_open(&after, to, &e), 0);
		assert_int_equal(tree_bucket(&after, "members", &b, &e), 0);
		assert_int_equal(tree_get(&after, &b, "abc010", 6, &it, &found,
		                          &e), 0);
		assert_true(found);
		assert_int_equal(it.value_len, 100);
		assert_int_equal(tree_get(&after, &b, "abc01", 5, &it, &found,
		                          &e), 0);
		assert_false(found);
		tree_close(&after);
		tree_close(&t);
		outfile_close(&out);
		entries_close(&meta);
		entries_close(&members);
		if (to != fd)
			(void)close(to);
		(void)close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dense_trees_are_sound),
		cmocka_unit_test(dense_refuses_disorder),
		cmocka_unit_test(rewrite_keeps_the_hash),
		cmocka_unit_test(long_keys_make_a_tree),
		cmocka_unit_test(appends_at_every_shape),
		cmocka_unit_test(replaces_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
