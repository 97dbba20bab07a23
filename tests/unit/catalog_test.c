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
#include "snapshot/archive_out.h"
#include "snapshot/catalog.h"
#include "snapshot/manifest_print.h"
#include "snapshot/rkezip_out.h"
#include "snapshot/tail.h"
#include "store/folder.h"

enum { DB = 512 * 4096 + 32 };

static char dir[64];
static char db[DB];

__attribute__((format(printf, 1, 2)))
static int sh(const char *fmt, ...)
{
	char cmd[1024];
	int n = snprintf(cmd, sizeof(cmd), "cd %s && ", dir);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(cmd + n, sizeof(cmd) - (size_t)n, fmt, ap);
	va_end(ap);
	return system(cmd);
}

static void print(struct buf *b, const char *started, uint64_t revision,
                  enum manifest_verdict verdict)
{
	struct manifest m = MANIFEST_INIT;
	struct err e = ERR_INIT;

	manifest_set(&m, &m.name, "n");
	manifest_set(&m, &m.node, "etcd-a");
	manifest_set(&m, &m.started, started);
	m.revision = revision;
	m.verdict = verdict;
	m.cluster_id = 9;
	assert_int_equal(manifest_print(&m, b, &e), 0);
	manifest_clear(&m);
}

static void archive(const char *name, const char *started, uint64_t revision,
                    enum manifest_verdict verdict)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	print(&b, started, revision, verdict);
	assert_int_equal(stage_open(&st, dir, name, 0600, &e), 0);
	assert_int_equal(archive_out_new(&s, &st, 1, 0, &e), 0);
	assert_int_equal(sink_whole(s, PART_DATABASE, 0, db, DB, &e), 0);
	assert_int_equal(sink_finish(s, b.data, b.len, &e), 0);
	sink_free(s);
	assert_int_equal(stage_publish(&st, &e), 0);
	stage_close(&st);
	buf_close(&b);
}

static void zip(const char *file, const char *name)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(stage_open(&st, dir, file, 0600, &e), 0);
	assert_int_equal(rkezip_out_new(&s, &st, name, &e), 0);
	assert_int_equal(sink_whole(s, PART_DATABASE, 0, db, DB, &e), 0);
	assert_int_equal(sink_finish(s, NULL, 0, &e), 0);
	sink_free(s);
	assert_int_equal(stage_publish(&st, &e), 0);
	stage_close(&st);
}

static void put_db(const char *name, size_t len)
{
	char p[160];
	FILE *f;

	(void)snprintf(p, sizeof(p), "%s/%s", dir, name);
	f = fopen(p, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(db, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	unsigned x = 1;

	(void)state;
	(void)strcpy(dir, "/tmp/catalog-XXXXXX");
	for (size_t i = 0; i < DB; i++) {
		x = x * 1103515245 + 12345;
		db[i] = (char)(x >> 16);
	}
	(void)memcpy(db + 16, "\xed\xda\x0c\xed", 4);
	return mkdtemp(dir) == NULL;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void read_all(struct catalog *c)
{
	struct store *s = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(folder_open(&s, dir, &e), 0);
	if (catalog_read(c, s, &e) < 0)
		fail_msg("%s", e.text);
	store_close(s);
}

static const struct catalog_entry *entry(const struct catalog *c,
                                         const char *name)
{
	const struct catalog_entry *en = catalog_find(c, name);

	if (en == NULL)
		fail_msg("no entry '%s'", name);
	return en;
}

static void expect(const struct catalog *c, const char *name,
                   enum catalog_kind kind, const char *note)
{
	const struct catalog_entry *en = entry(c, name);

	if (en->kind != kind)
		fail_msg("'%s' is %s", name, catalog_word(en->kind));
	assert_string_equal(en->note, note);
}

static void every_kind_is_told(void **state)
{
	struct catalog c = CATALOG_INIT;

	(void)state;
	archive("a.tar.zst", "2026-01-02T03:04:05Z", 7, MANIFEST_VERIFIED);
	zip("2021-03-05T12:00:00Z_etcd.zip", "2021-03-05T12:00:00Z_etcd");
	put_db("good.db", DB);
	put_db("snap-db", DB - 32);
	assert_int_equal(sh("head -c 900 a.tar.zst > cut.tar.zst; "
	                    "cp a.tar.zst flip.tar.zst; "
	                    "printf X | dd of=flip.tar.zst bs=1 conv=notrunc "
	                    "status=none "
	                    "seek=$(($(stat -c %%s a.tar.zst) - 120));"
	                    "head -c 5000 2021*.zip > half.zip; "
	                    "> empty.zip; echo hi > note.txt; "
	                    "echo hi > fake.tar.zst; mkdir sub; "
	                    "mkfifo pipe.zip; > .a.part; > b.part; "
	                    "ln -s a.tar.zst link.tar.zst; "
	                    "> .run.lock; > .a.tar.zst.pin; "
	                    "> \"$(printf 'odd\\n\\033[1m name')\"; "
	                    "tar -czf t.tar.gz note.txt; "
	                    "python3 -c \"import zipfile; zipfile.ZipFile("
	                    "'plain.zip', 'w').writestr('x', 'y')\""), 0);
	read_all(&c);
	assert_int_equal(c.count, 20);
	expect(&c, "a.tar.zst", CATALOG_ARCHIVE, "");
	expect(&c, "2021-03-05T12:00:00Z_etcd", CATALOG_RKE_ZIP, "");
	expect(&c, "good.db", CATALOG_DATABASE, "");
	expect(&c, "snap-db", CATALOG_BARE, "");
	expect(&c, "cut.tar.zst", CATALOG_NO_INDEX,
	       "cut off, or packed by other means: verify tells");
	expect(&c, "flip.tar.zst", CATALOG_DAMAGED,
	       "the manifest's part of the archive is damaged");
	assert_int_equal(entry(&c, "half.zip")->kind, CATALOG_DAMAGED);
	expect(&c, "empty.zip", CATALOG_DAMAGED, "the file is empty");
	expect(&c, "fake.tar.zst", CATALOG_DAMAGED, "not a snapshot: neither "
	       "an archive nor an etcd database");
	expect(&c, "note.txt", CATALOG_FOREIGN, "not a snapshot");
	expect(&c, "odd\n\033[1m name", CATALOG_FOREIGN, "not a snapshot");
	expect(&c, "plain.zip", CATALOG_FOREIGN, "a zip without a snapshot");
	expect(&c, "sub", CATALOG_FOREIGN, "a folder");
	expect(&c, "pipe.zip", CATALOG_FOREIGN, "not a regular file");
	expect(&c, "link.tar.zst", CATALOG_FOREIGN,
	       "a link: it is not followed");
	expect(&c, ".a.part", CATALOG_LEFTOVER, "");
	expect(&c, "b.part", CATALOG_FOREIGN,
	       "another program's unfinished file");
	expect(&c, ".run.lock", CATALOG_HELPER, "");
	expect(&c, ".a.tar.zst.pin", CATALOG_HELPER, "");
	expect(&c, "t.tar.gz", CATALOG_NO_INDEX, "a gzipped tar archive");
	assert_true(entry(&c, "a")->pinned);
	assert_int_equal(entry(&c, "a")->revision, 7);
	assert_int_equal(entry(&c, "a")->cluster_id, 9);
	assert_string_equal(entry(&c, "a")->node, "etcd-a");
	assert_int_equal(entry(&c, "a")->taken, 1767323045);
	assert_int_equal(entry(&c, "a")->taken_by, CATALOG_BY_MANIFEST);
	assert_false(entry(&c, "good.db")->pinned);
	assert_true(catalog_is_snapshot(entry(&c, "snap-db")));
	assert_false(catalog_is_snapshot(entry(&c, "fake.tar.zst")));
	assert_string_equal(catalog_word(CATALOG_RKE_ZIP), "rke");
	catalog_clear(&c);
	catalog_clear(&c);
}

static void sorted_by_the_time_taken(void **state)
{
	struct catalog c = CATALOG_INIT;

	(void)state;
	assert_null(catalog_newest_verified(&c));
	archive("z.tar.zst", "2020-01-01T00:00:00Z", 1, MANIFEST_VERIFIED);
	archive("y.tar.zst", "2022-01-01T00:00:00Z", 2, MANIFEST_VERIFIED);
	archive("a.tar.zst", "2023-01-01T00:00:00Z", 3, MANIFEST_DIVERGED);
	zip("2021-03-05T12:00:00Z_etcd.zip", "2021-03-05T12:00:00Z_etcd");
	/* Damaged, but its name tells when. */
	assert_int_equal(sh("echo > 20190101T000000Z-n-r000000000009.tar.zst"),
	                 0);
	read_all(&c);
	assert_int_equal(c.count, 5);
	assert_int_equal(c.entries[0].revision, 9);
	assert_int_equal(c.entries[0].kind, CATALOG_DAMAGED);
	assert_string_equal(c.entries[1].name, "z.tar.zst");
	assert_int_equal(c.entries[2].kind, CATALOG_RKE_ZIP);
	assert_int_equal(c.entries[2].taken_by, CATALOG_BY_NAME);
	assert_string_equal(c.entries[4].name, "a.tar.zst");
	assert_string_equal(catalog_newest_verified(&c)->name, "y.tar.zst");
	assert_null(catalog_find(&c, "b"));
	catalog_clear(&c);
}

/* Bytes that this process has read so far. */
static uint64_t bytes_read(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/proc/self/io", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "rchar: %llu", &n), 1);
	(void)fclose(f);
	return n;
}

/* Grow an archive by a hole before its manifest's frame. */
static void inflate(const char *from, const char *to, uint64_t size)
{
	char p[160], *tail_frame;
	struct err e = ERR_INIT;
	struct tail t;
	struct stat st;
	unsigned char b[TAIL_LEN];
	int fd;

	(void)snprintf(p, sizeof(p), "%s/%s", dir, from);
	fd = open(p, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(tail_read(fd, (uint64_t)st.st_size, &t, &e), 0);
	tail_frame = malloc(t.length);
	assert_non_null(tail_frame);
	assert_int_equal(pread(fd, tail_frame, t.length, (off_t)t.offset),
	                 t.length);
	assert_int_equal(pread(fd, b, 8, 0), 8);
	(void)close(fd);
	(void)snprintf(p, sizeof(p), "%s/%s", dir, to);
	fd = open(p, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(pwrite(fd, b, 8, 0), 8);
	assert_int_equal(pwrite(fd, tail_frame, t.length, (off_t)size),
	                 t.length);
	t.offset = size;
	tail_encode(&t, b);
	assert_int_equal(pwrite(fd, b, sizeof(b), (off_t)(size + t.length)),
	                 sizeof(b));
	(void)close(fd);
	free(tail_frame);
}

static void large_files_cost_little(void **state)
{
	struct catalog c = CATALOG_INIT;
	uint64_t before;
	char name[64];

	(void)state;
	archive("a.tar.zst", "2020-01-01T00:00:00Z", 1, MANIFEST_VERIFIED);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "a%u.tar.zst", i);
		inflate("a.tar.zst", name, UINT64_C(1) << 30);
	}
	for (unsigned i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "z%u.zip", i);
		zip(name, "z");
	}
	before = bytes_read();
	read_all(&c);
	/* 1 TB of archives, 8 MB of zips that do not compress. */
	before = bytes_read() - before;
	if (before > 2200000)
		fail_msg("%llu bytes were read", (unsigned long long)before);
	assert_int_equal(c.count, 1005);
	for (size_t i = 0; i < c.count; i++)
		assert_true(catalog_is_snapshot(&c.entries[i]));
	catalog_clear(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_kind_is_told, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(sorted_by_the_time_taken,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_files_cost_little, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
