#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "snapshot/archive_out.h"
#include "snapshot/manifest_print.h"
#include "snapshot/verify.h"

enum { FILE_MAX = 256 << 10, PAGE = 4096 };

/* A database as etcd streams it, digest included, and what is true of it. */
static unsigned char db[FILE_MAX];
static size_t db_len;
static struct image_summary sum;
static uint32_t hash;

static const char config[] = "nodes:\n- address: a\n";

static char dir[64], path[96];
static struct manifest m;
static struct verify_report r;

static void digest_db(void)
{
	struct err e = ERR_INIT;

	assert_int_equal(digest_of(db, db_len - DIGEST_LEN,
	                           db + db_len - DIGEST_LEN, &e), 0);
}

static void load(void)
{
	FILE *f = popen("zcat tests/data/etcd/tree-3.5.30.db.gz", "r");

	assert_non_null(f);
	db_len = fread(db, 1, sizeof(db), f);
	assert_int_equal(pclose(f), 0);
	db_len -= db_len % 512;
	db_len += DIGEST_LEN;
	digest_db();
}

static void judge_db(void)
{
	struct image im = IMAGE_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(image_open(&im, db_len - DIGEST_LEN, 1, "/tmp", &e),
	                 0);
	assert_int_equal(image_feed(&im, db, db_len - DIGEST_LEN, &e), 0);
	assert_int_equal(image_finish(&im, &e), 0);
	sum = im.sum;
	assert_int_equal(image_hash_kv(&im, sum.revision,
	                               image_effective_compaction(&sum), &hash,
	                               &e), 0);
	image_close(&im);
}

static void add_part(const char *name, const void *data, size_t len)
{
	unsigned char sha256[DIGEST_LEN];
	struct err e = ERR_INIT;

	assert_int_equal(digest_of(data, len, sha256, &e), 0);
	manifest_add_part(&m, name, len, sha256);
}

/* A manifest that says what is true. */
static void describe(void)
{
	m = (struct manifest)MANIFEST_INIT;
	manifest_set(&m, &m.name, "a");
	manifest_set(&m, &m.lifeboat, "1");
	manifest_set(&m, &m.started, "2026-11-23T05:06:07Z");
	manifest_set(&m, &m.finished, "2026-11-23T05:06:08Z");
	m.cluster_id = 7;
	m.member_id = 8;
	m.revision = sum.revision;
	m.compact_revision = sum.compact_revision;
	m.raft_index = sum.consistent_index;
	m.raft_term = sum.term;
	m.total_keys = sum.entries;
	m.live_keys = sum.rows.live_keys;
	m.image_size = db_len - DIGEST_LEN;
	m.status_hash = sum.status_hash;
	m.hash_revision = sum.revision;
	m.hash_compact_revision = image_effective_compaction(&sum);
	m.hash = hash;
	m.verdict = MANIFEST_VERIFIED;
	add_part(PART_NAME_DATABASE, db, db_len);
	add_part(PART_NAME_CONFIG, config, strlen(config));
}

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/verify-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/a", dir);
	load();
	judge_db();
	describe();
	r = (struct verify_report)VERIFY_REPORT_INIT;
	return 0;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	manifest_clear(&m);
	verify_clear(&r);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* Write the archive: parts that are NULL are left out; without `text` the
 * manifest `m`. */
static void pack(_Bool with_db, _Bool with_config, const char *text)
{
	struct stage st = STAGE_INIT;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(manifest_print(&m, &b, &e), 0);
	if (text != NULL) {
		buf_clear(&b);
		buf_puts(&b, text);
	}
	assert_int_equal(stage_open(&st, dir, "a", 0600, &e), 0);
	assert_int_equal(archive_out_new(&s, &st, 1, 0, &e), 0);
	if (with_db)
		assert_int_equal(sink_whole(s, PART_DATABASE, 1, db, db_len,
		                            &e), 0);
	if (with_config)
		assert_int_equal(sink_whole(s, PART_CONFIG, 1, config,
		                            strlen(config), &e), 0);
	assert_int_equal(sink_finish(s, b.data, b.len, &e), 0);
	assert_int_equal(stage_publish(&st, &e), 0);
	sink_free(s);
	stage_close(&st);
	buf_close(&b);
}

static void put(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static int verify(struct err *e)
{
	const struct verify_options o = { .spill_dir = "/tmp" };
	int fd = open(path, O_RDONLY), rc;

	assert_true(fd >= 0);
	verify_clear(&r);
	r = (struct verify_report)VERIFY_REPORT_INIT;
	*e = (struct err)ERR_INIT;
	rc = verify_file(fd, &o, &r, e);
	(void)close(fd);
	return rc;
}

/* One letter a check: + ok, - failed, . skipped. */
static void assert_checks(const char *want)
{
	struct err e;
	char got[VERIFY_N + 1] = "";

	if (verify(&e) < 0)
		fail_msg("%s", e.text);
	for (unsigned c = 0; c < VERIFY_N; c++)
		got[c] = r.checks[c].result == MANIFEST_OK ? '+' :
		         r.checks[c].result == MANIFEST_FAILED ? '-' : '.';
	assert_string_equal(got, want);
	assert_int_equal(r.ok, strchr(want, '-') == NULL);
}

static void assert_note(enum verify_check c, const char *want)
{
	assert_string_equal(r.checks[c].note, want);
}

/* ---- archives ---- */

static void a_sound_archive_passes_all(void **state)
{
	(void)state;
	pack(1, 1, NULL);
	assert_checks("++++++");
	assert_true(r.has_manifest && r.has_database);
	assert_int_equal(r.form, ARCHIVE_IN_TAR_ZSTD);
	assert_int_equal(r.image_bytes, db_len - DIGEST_LEN);
	assert_int_equal(r.hash_kv, hash);
	assert_int_equal(r.sum.revision, sum.revision);
	assert_int_equal(r.findings.count, 0);
	assert_string_equal(verify_name(VERIFY_FILE), "file");
	assert_string_equal(verify_name(VERIFY_HASH_KV), "hash_kv");
	assert_string_equal(verify_text(VERIFY_PAGES),
	                    "pages, buckets, revisions, records");
}

static void a_changed_database_is_named(void **state)
{
	unsigned char was[PAGE];

	(void)state;
	/* Its digest does not fit, and the manifest's neither. */
	(void)memcpy(was, db + db_len - DIGEST_LEN, DIGEST_LEN);
	db[db_len - 1] ^= 1;
	pack(1, 1, NULL);
	assert_checks("+-+-++");
	assert_memory_equal(r.checks[VERIFY_DIGEST].note,
	                    "the database has sha-256 ", 25);
	assert_note(VERIFY_PARTS, "part 'db' is not the one that was written");
	db[db_len - 1] ^= 1;
	/* Somebody changed pages and put a digest that fits. */
	(void)memset(db + 2 * PAGE, 0x5a, db_len - DIGEST_LEN - 2 * PAGE);
	digest_db();
	pack(1, 1, NULL);
	assert_checks("++--..");
	assert_true(r.findings.count > 0);
	assert_non_null(strstr(r.checks[VERIFY_PAGES].note, "page "));
	assert_note(VERIFY_MANIFEST,
	            "there is no manifest to compare with");
}

static void a_lying_manifest_is_named(void **state)
{
	char want[200];

	(void)state;
	m.revision++;
	pack(1, 1, NULL);
	assert_checks("++++-+");
	(void)snprintf(want, sizeof(want), "revision: the manifest says %llu, "
	               "the database %llu",
	               (unsigned long long)sum.revision + 1,
	               (unsigned long long)sum.revision);
	assert_note(VERIFY_MANIFEST, want);
	m.revision--;
	m.live_keys += 3;
	pack(1, 1, NULL);
	assert_checks("++++-+");
	assert_memory_equal(r.checks[VERIFY_MANIFEST].note, "live keys: ", 11);
	m.live_keys -= 3;
	m.hash ^= 1;
	pack(1, 1, NULL);
	assert_checks("+++++-");
	(void)snprintf(want, sizeof(want), "the database hashes to %u, the "
	               "manifest says %u", hash, hash ^ 1);
	assert_note(VERIFY_HASH_KV, want);
}

static void the_verdict_of_then_counts(void **state)
{
	(void)state;
	m.verdict = MANIFEST_DIVERGED;
	pack(1, 1, NULL);
	assert_checks("+++++-");
	assert_note(VERIFY_HASH_KV, "when it was taken, a member held "
	                            "different data");
	m.verdict = MANIFEST_UNPROVEN;
	pack(1, 1, NULL);
	assert_checks("+++++.");
	assert_note(VERIFY_HASH_KV, "when it was taken, not every voting "
	                            "member could be compared");
}

static void parts_that_lack_or_differ_are_named(void **state)
{
	(void)state;
	pack(1, 0, NULL);
	assert_checks("+++-++");
	assert_note(VERIFY_PARTS, "part 'cluster.yml' is missing");
	m.parts[1].sha256[0] ^= 1;
	pack(1, 1, NULL);
	assert_checks("+++-++");
	assert_note(VERIFY_PARTS,
	            "part 'cluster.yml' is not the one that was written");
	pack(0, 1, NULL);
	assert_checks("-..-..");
	assert_note(VERIFY_FILE, "holds no database");
}

static void a_manifest_that_is_none_is_named(void **state)
{
	(void)state;
	pack(1, 1, "{\"schema\": 1}");
	assert_checks("-++.-.");
	assert_memory_equal(r.checks[VERIFY_MANIFEST].note, "manifest: ", 10);
	pack(1, 1, "no json at all");
	assert_checks("-++.-.");
}

/* Cut anywhere, or with a bit turned anywhere, it never passes: the call fails
 * or a check does. */
static void no_damage_of_the_file_passes(void **state)
{
	static unsigned char whole[FILE_MAX];
	struct err e;
	size_t len;
	FILE *f;

	(void)state;
	pack(1, 1, NULL);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(whole, 1, sizeof(whole), f);
	assert_int_equal(fclose(f), 0);
	/* Less than the index at the end: what is packed is all there. */
	for (size_t at = 0; at < len - 72; at += 211) {
		put(whole, at);
		assert_true(verify(&e) < 0 || !r.ok);
		if (e.kind != ERR_NONE)
			assert_true(e.text[0] != '\0');
	}
	for (size_t at = 0; at < len; at += at + 300 < len ? 101 : 1) {
		/* An index of a layout that we do not know may be a newer
		 * program's. */
		if (at >= len - 72 + 16 && at < len - 72 + 24)
			continue;
		whole[at] ^= (unsigned char)(1 << at % 8);
		put(whole, len);
		assert_true(verify(&e) < 0 || !r.ok);
		whole[at] ^= (unsigned char)(1 << at % 8);
	}
}

/* ---- other files ---- */

static void bare_databases_are_checked(void **state)
{
	(void)state;
	put(db, db_len);
	assert_checks("+++...");
	assert_int_equal(r.form, ARCHIVE_IN_DB);
	assert_false(r.has_manifest);
	put(db, db_len - DIGEST_LEN);
	assert_checks("+.+...");
	assert_int_equal(r.form, ARCHIVE_IN_DB_BARE);
	assert_note(VERIFY_DIGEST, "the database carries no digest");
	db[db_len - 5] ^= 4;
	put(db, db_len);
	assert_checks("+-+...");
	db[db_len - 5] ^= 4;
	db[3 * PAGE + 16] ^= 0xff;
	put(db, db_len);
	assert_checks("+--...");
}

static void what_is_no_snapshot_is_told(void **state)
{
	const struct verify_options o = { .spill_dir = "/tmp" };
	struct err e;
	int fd;

	(void)state;
	put("hello", 5);
	if (verify(&e) == 0)
		assert_int_equal(r.checks[VERIFY_FILE].result,
		                 MANIFEST_FAILED);
	else
		assert_true(e.text[0] != '\0');
	assert_false(r.ok);
	fd = open(dir, O_RDONLY);
	e = (struct err)ERR_INIT;
	assert_true(verify_file(fd, &o, &r, &e) < 0 || !r.ok);
	(void)close(fd);
}

static void stops_when_told(void **state)
{
	static const volatile sig_atomic_t stop = 1;
	const struct verify_options o = { .spill_dir = "/tmp", .stop = &stop };
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	pack(1, 1, NULL);
	fd = open(path, O_RDONLY);
	assert_int_equal(verify_file(fd, &o, &r, &e), -1);
	assert_int_equal(e.kind, ERR_STOPPED);
	assert_string_equal(e.text, "stopped by a signal");
	(void)close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sound_archive_passes_all),
		TEST(a_changed_database_is_named),
		TEST(a_lying_manifest_is_named),
		TEST(the_verdict_of_then_counts),
		TEST(parts_that_lack_or_differ_are_named),
		TEST(a_manifest_that_is_none_is_named),
		TEST(no_damage_of_the_file_passes),
		TEST(bare_databases_are_checked),
		TEST(what_is_no_snapshot_is_told),
		TEST(stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
