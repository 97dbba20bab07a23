#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "snapshot/archive_in.h"
#include "snapshot/archive_out.h"
#include "snapshot/frames.h"
#include "snapshot/rkezip_out.h"
#include "snapshot/tail.h"

enum { DB = 3 * 1048576 + 4096 + 32 };

static char dir[64];
static char *db;
static const char manifest[] = "{\"schema\": 1}\n";

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/archive-out-XXXXXX");
	db = malloc(DB);
	if (db == NULL || mkdtemp(dir) == NULL)
		return -1;
	for (size_t i = 0; i < DB; i++)
		db[i] = (char)((i * i) >> 9);
	return 0;
}

static int drop_dir(void **state)
{
	char cmd[96];

	(void)state;
	free(db);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

__attribute__((format(printf, 1, 2)))
static int sh(const char *fmt, ...)
{
	char cmd[512];
	int n = snprintf(cmd, sizeof(cmd), "cd %s && ", dir);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cmd + n, sizeof(cmd) - (size_t)n, fmt, ap);
	va_end(ap);
	return system(cmd);
}

/* Feed `db` in pieces of uneven size. */
static void feed(struct sink *s, struct err *e)
{
	struct part p = { .role = PART_DATABASE, .size = DB, .mode = 0600,
	                  .mtime = 1700000000 };
	size_t step = 16384;

	assert_int_equal(sink_begin(s, &p, e), 0);
	for (size_t at = 0; at < DB; at += step, step = step * 3 % 500009 + 1) {
		if (step > DB - at)
			step = DB - at;
		assert_int_equal(sink_write(s, db + at, step, e), 0);
	}
	assert_int_equal(sink_end(s, e), 0);
}

static void build(struct stage *st, struct sink **s, const char *name,
                  int level, unsigned workers)
{
	struct err e = ERR_INIT;

	assert_int_equal(stage_open(st, dir, name, 0600, &e), 0);
	assert_int_equal(archive_out_new(s, st, level, workers, &e), 0);
	feed(*s, &e);
	assert_int_equal(sink_whole(*s, PART_CONFIG, 1700000001, "nodes:\n", 7,
	                            &e), 0);
	assert_int_equal(sink_whole(*s, PART_STATE, 1700000001, "{}", 2, &e),
	                 0);
	assert_int_equal(sink_finish(*s, manifest, strlen(manifest), &e), 0);
	assert_int_equal((*s)->raw, DB + 9);
	assert_int_equal((*s)->packed, st->size);
	assert_int_equal(stage_sync(st, &e), 0);
	assert_int_equal(sink_readback(*s, &e), 0);
}

static void check_with_stock_tools(const char *name)
{
	FILE *f;
	char path[128];

	assert_int_equal(sh("zstd -tq %s", name), 0);
	assert_int_equal(sh("mkdir -p x && tar --zstd -xf %s -C x", name), 0);
	assert_int_equal(sh("test \"$(tar --zstd -tvf %s | awk '{print $1, $2, "
	                    "$6}' | tr '\\n' ,)\" = '-rw------- root/root db,"
	                    "-rw------- root/root cluster.yml,"
	                    "-rw------- root/root cluster.state,"
	                    "-rw------- root/root manifest.json,'", name), 0);
	(void)snprintf(path, sizeof(path), "%s/db.want", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(db, 1, DB, f), DB);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(sh("cmp db.want x/db && "
	                    "grep -q nodes x/cluster.yml && "
	                    "grep -q schema x/manifest.json"), 0);
	assert_int_equal(sh("rm -rf x db.want"), 0);
}

static void stock_tools_read_it(void **state)
{
	static const struct { int level; unsigned workers; } ways[] = {
		{ -5, 0 }, { 1, 0 }, { 1, 1 }, { 6, 1 }, { 19, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct stage st = STAGE_INIT;
		struct sink *s = NULL;
		struct err e = ERR_INIT;

		build(&st, &s, "a.tar.zst", ways[i].level, ways[i].workers);
		if (ways[i].level <= 6)
			assert_true(archive_out_memory(s) < 12 << 20);
		sink_free(s);
		assert_int_equal(stage_publish(&st, &e), 0);
		stage_close(&st);
		check_with_stock_tools("a.tar.zst");
	}
}

static void manifest_is_found_by_the_tail(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct tail t;
	char junk[4096] = { 0 };

	(void)state;
	build(&st, &s, "t.tar.zst", 1, 0);
	assert_int_equal(tail_read(st.fd, st.size, &t, &e), 0);
	assert_int_equal(t.offset + t.length + TAIL_LEN, st.size);
	/* The database is not looked at: it may be anything. */
	assert_int_equal(pwrite(st.fd, junk, sizeof(junk), 0), sizeof(junk));
	assert_int_equal(archive_in_manifest_fast(st.fd, &b, &e), 0);
	assert_string_equal(b.data, manifest);
	/* A flipped byte in the manifest's frame is seen. */
	assert_int_equal(pwrite(st.fd, "\xff\x01", 2, (off_t)t.offset + 9), 2);
	assert_int_equal(archive_in_manifest_fast(st.fd, &b, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_string_equal(e.text,
	                    "the manifest's part of the archive is damaged");
	/* An index that points elsewhere is seen. */
	assert_int_equal(pwrite(st.fd, "\x01", 1, (off_t)st.size - 48), 1);
	assert_int_equal(archive_in_manifest_fast(st.fd, &b, &e), -1);
	assert_string_equal(e.text,
	                    "the archive's index does not fit the file");
	buf_close(&b);
	sink_free(s);
	stage_close(&st);
}

static void readback_sees_a_changed_byte(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	build(&st, &s, "r.tar.zst", 1, 1);
	assert_int_equal(pwrite(st.fd, "\x55\x66", 2, 5000), 2);
	assert_int_equal(sink_readback(s, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_string_equal(e.text, "the file reads back different from what "
	                            "was written");
	assert_int_equal(ftruncate(st.fd, 5000), 0);
	assert_int_equal(sink_readback(s, &e), -1);
	assert_memory_equal(e.text, "the file has 5000 bytes, ", 25);
	sink_free(s);
	stage_close(&st);
}

static void sizes_must_be_kept(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;
	struct part p = { .role = PART_DATABASE, .size = 10, .mode = 0600 };

	(void)state;
	assert_int_equal(stage_open(&st, dir, "s", 0600, &e), 0);
	assert_int_equal(archive_out_new(&s, &st, 20, 0, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text,
	                    "compression level 20 is not within -50 to 19");
	assert_int_equal(archive_out_new(&s, &st, 1, 0, &e), 0);
	assert_false(sink_takes(s, PART_MANIFEST));
	assert_true(sink_takes(s, PART_CONFIG));
	assert_int_equal(sink_begin(s, &p, &e), 0);
	assert_int_equal(sink_write(s, "1234567", 7, &e), 0);
	assert_int_equal(sink_end(s, &e), -1);
	assert_string_equal(e.text, "3 of the 10 bytes that were announced are "
	                            "missing");
	assert_int_equal(sink_write(s, "1234", 4, &e), -1);
	assert_string_equal(e.text,
	                    "more than the 10 bytes that were announced");
	sink_free(s);
	stage_close(&st);
}

static void large_sizes_get_a_pax_header(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;
	struct part p = { .role = PART_DATABASE, .mode = 0600,
	                  .size = UINT64_C(20) << 30 };
	struct archive_in *a;
	const struct part *q;

	(void)state;
	assert_int_equal(stage_open(&st, dir, "p", 0600, &e), 0);
	assert_int_equal(archive_out_new(&s, &st, 1, 0, &e), 0);
	assert_int_equal(sink_begin(s, &p, &e), 0);
	/* Cut short on purpose: only the header counts here. */
	s->open = 0;
	assert_int_equal(sink_finish(s, "{}", 2, &e), 0);
	assert_int_equal(archive_in_open_fd(&a, st.fd, &e), 0);
	assert_int_equal(archive_in_next(a, &q, &e), 0);
	assert_int_equal(q->size, p.size);
	archive_in_close(a);
	sink_free(s);
	stage_close(&st);
}

static void rke_zip_has_rkes_names(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(stage_open(&st, dir, "n1.zip", 0600, &e), 0);
	assert_int_equal(rkezip_out_new(&s, &st, "a/b", &e), -1);
	assert_string_equal(e.text, "not a snapshot name: 'a/b'");
	assert_int_equal(rkezip_out_new(&s, &st, "n1", &e), 0);
	assert_false(sink_takes(s, PART_CONFIG));
	feed(s, &e);
	assert_int_equal(sink_whole(s, PART_STATE, 0, "{}", 2, &e), 0);
	assert_int_equal(sink_finish(s, NULL, 0, &e), 0);
	assert_int_equal(stage_sync(&st, &e), 0);
	assert_int_equal(sink_readback(s, &e), 0);
	sink_free(s);
	assert_int_equal(stage_publish(&st, &e), 0);
	stage_close(&st);
	assert_int_equal(sh("unzip -tq n1.zip >/dev/null"), 0);
	assert_int_equal(sh("test \"$(unzip -Z1 n1.zip | tr '\\n' ,)\" = "
	                    "/backup/n1,/etc/kubernetes/n1.rkestate,"), 0);
	assert_int_equal(sh("test $(stat -c %%a n1.zip) = 600"), 0);
}

static void an_abandoned_sink_adds_nothing(void **state)
{
	struct part p = { .role = PART_DATABASE, .size = DB, .mode = 0600 };

	(void)state;
	for (int zip = 0; zip < 2; zip++) {
		struct stage st = STAGE_INIT;
		struct sink *s = NULL;
		struct err e = ERR_INIT;
		uint64_t size;

		assert_int_equal(stage_open(&st, dir, "g", 0600, &e), 0);
		assert_int_equal(zip ? rkezip_out_new(&s, &st, "g", &e)
		                     : archive_out_new(&s, &st, 1, 1, &e), 0);
		assert_int_equal(sink_begin(s, &p, &e), 0);
		assert_int_equal(sink_write(s, db, DB / 2, &e), 0);
		size = st.size;
		sink_free(s);
		assert_int_equal(st.size, size);
		stage_close(&st);
	}
}

static void a_full_disk_is_told(void **state)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;
	struct part p = { .role = PART_DATABASE, .size = DB, .mode = 0600 };

	(void)state;
	for (int zip = 0; zip < 2; zip++) {
		int rc;

		assert_int_equal(stage_open(&st, dir, "f", 0600, &e), 0);
		(void)close(st.fd);
		st.fd = open("/dev/full", O_RDWR | O_CLOEXEC);
		rc = zip ? rkezip_out_new(&s, &st, "f", &e)
		         : archive_out_new(&s, &st, 1, 0, &e);
		assert_int_equal(rc, 0);
		if (sink_begin(s, &p, &e) == 0 &&
		    sink_write(s, db, DB, &e) == 0 && sink_end(s, &e) == 0)
			assert_int_equal(sink_finish(s, "", 0, &e), -1);
		assert_int_equal(e.kind, ERR_SYS);
		assert_string_equal(e.text, "cannot write 'f': No space left "
		                            "on device");
		sink_free(s);
		stage_close(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_tools_read_it),
		cmocka_unit_test(manifest_is_found_by_the_tail),
		cmocka_unit_test(readback_sees_a_changed_byte),
		cmocka_unit_test(sizes_must_be_kept),
		cmocka_unit_test(large_sizes_get_a_pax_header),
		cmocka_unit_test(rke_zip_has_rkes_names),
		cmocka_unit_test(an_abandoned_sink_adds_nothing),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
