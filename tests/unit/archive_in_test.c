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
#include "snapshot/member.h"
#include "snapshot/rkezip_out.h"
#include "snapshot/tail.h"

enum { DB = 20 * 4096 + 32 };

static char dir[64];
static char db[DB];
static const char text[] = "{\"schema\": 1}\n";

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

static const char *path(const char *name)
{
	static char p[160];

	(void)snprintf(p, sizeof(p), "%s/%s", dir, name);
	return p;
}

static void put_file(const char *name, const void *data, size_t len)
{
	FILE *f = fopen(path(name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void build(const char *name, _Bool zip)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(stage_open(&st, dir, name, 0600, &e), 0);
	assert_int_equal(zip ? rkezip_out_new(&s, &st, "s1", &e)
	                     : archive_out_new(&s, &st, 1, 0, &e), 0);
	assert_int_equal(sink_whole(s, PART_DATABASE, 5, db, DB, &e), 0);
	if (!zip)
		assert_int_equal(sink_whole(s, PART_CONFIG, 5, "a", 1, &e), 0);
	assert_int_equal(sink_whole(s, PART_STATE, 5, "{}", 2, &e), 0);
	assert_int_equal(sink_finish(s, text, strlen(text), &e), 0);
	sink_free(s);
	assert_int_equal(stage_publish(&st, &e), 0);
	stage_close(&st);
}

static int make_dir(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/archive-in-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	for (size_t i = 0; i < DB; i++)
		db[i] = (char)((i * i * i) >> 7);
	(void)memcpy(db + 16, "\xed\xda\x0c\xed", 4);
	build("a.tar.zst", 0);
	build("s1.zip", 1);
	put_file("db", db, DB);
	put_file("bare", db, DB - 32);
	return sh("mkdir t && tar --zstd -xf a.tar.zst -C t && "
	          "tar -czf b.tar.gz -C t . && tar -cf b.tar -C t . && "
	          "tar --zstd -cf c.tar.zst t && mkfifo fifo");
}

static int drop_dir(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

/* Read all of a file; the roles in order as letters, or the error. */
static const char *scan(const char *name, enum archive_in_form *form)
{
	static char out[600];
	static const char letter[] = "DCSMO";
	struct archive_in *a = NULL;
	struct err e = ERR_INIT;
	const struct part *p;
	char *o = out;
	int rc = archive_in_open(&a, path(name), &e);

	if (rc == 0 && form != NULL)
		*form = archive_in_form(a);
	while (rc == 0 && (rc = archive_in_next(a, &p, &e)) == 0 && p != NULL) {
		struct buf b = BUF_INIT(BUF_MAX_STATE);

		rc = archive_in_slurp(a, &b, &e);
		*o++ = letter[p->role];
		if (rc == 0)
			assert_int_equal(b.len, p->size);
		if (rc == 0 && p->role == PART_DATABASE)
			assert_memory_equal(b.data, db, b.len);
		buf_close(&b);
	}
	archive_in_close(a);
	*o = '\0';
	if (rc < 0)
		(void)snprintf(out, sizeof(out), "%s: %s", err_word(e.kind),
		               e.text);
	return out;
}

/* As scan(), without the path that precedes errors of opening. */
static const char *why(const char *name)
{
	static char out[600];
	const char *s = scan(name, NULL), *p = strstr(s, "': ");

	if (strstr(s, dir) == NULL || p == NULL)
		return s;
	(void)snprintf(out, sizeof(out), "%.*s%s",
	               (int)(strchr(s, ' ') - s + 1), s, p + 3);
	return out;
}

static void reads_all_that_users_hold(void **state)
{
	static const struct {
		const char *name, *roles;
		enum archive_in_form form;
	} files[] = {
		{ "a.tar.zst", "DCSM", ARCHIVE_IN_TAR_ZSTD },
		{ "s1.zip", "DS", ARCHIVE_IN_ZIP },
		{ "db", "D", ARCHIVE_IN_DB },
		{ "bare", "D", ARCHIVE_IN_DB_BARE },
	};
	enum archive_in_form form = ARCHIVE_IN_DB;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_string_equal(scan(files[i].name, &form), files[i].roles);
		assert_int_equal(form, files[i].form);
	}
	/* Repacked by tar, the order is the folder's. */
	assert_int_equal(strlen(scan("b.tar.gz", &form)), 4);
	assert_int_equal(form, ARCHIVE_IN_TAR_GZIP);
	assert_int_equal(strlen(scan("b.tar", &form)), 4);
	assert_int_equal(form, ARCHIVE_IN_TAR);
	assert_int_equal(strlen(scan("c.tar.zst", &form)), 4);
	assert_string_equal(archive_in_form_text(ARCHIVE_IN_ZIP), "an RKE zip");
}

static void foreign_files_are_told_apart(void **state)
{
	(void)state;
	put_file("junk", "hello, world", 12);
	put_file("empty", "", 0);
	assert_string_equal(why("junk"), "damaged: not a snapshot: neither an "
	                                 "archive nor an etcd database");
	assert_string_equal(why("empty"), "damaged: the file is empty");
	assert_string_equal(why("fifo"), "refused: not a regular file");
	assert_string_equal(why("t"), "refused: not a regular file");
	assert_non_null(strstr(scan("none", NULL), "missing: cannot open '"));
	assert_int_equal(sh("zstd -q db -o raw.zst && gzip -k db"), 0);
	assert_string_equal(why("raw.zst"), "damaged: not a whole tar archive: "
	                                    "Unrecognized archive format");
	assert_string_equal(why("db.gz"), "damaged: not a whole tar archive: "
	                                  "Unrecognized archive format");
}

static void cut_files_are_damaged(void **state)
{
	struct stat st;
	struct err e = ERR_INIT;
	struct tail t;
	_Bool early = 0;
	int fd;

	(void)state;
	assert_int_equal(stat(path("a.tar.zst"), &st), 0);
	/* Everywhere but within the index, which nobody needs. */
	for (off_t at = 1; at < st.st_size - 72; at += at < 4000 ? 37 : 1009) {
		const char *s;

		assert_int_equal(sh("head -c %ld a.tar.zst > cut", (long)at),
		                 0);
		s = why("cut");
		if (strncmp(s, "damaged: ", 9) != 0)
			fail_msg("cut at %ld: %s", (long)at, s);
		early |= strstr(s, "compressed data ends early") != NULL;
	}
	assert_true(early);
	/* Cut between the frames: the tar's end mark is missing. */
	fd = open(path("a.tar.zst"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(tail_read(fd, (uint64_t)st.st_size, &t, &e), 0);
	(void)close(fd);
	assert_int_equal(sh("head -c %llu a.tar.zst > cut",
	                    (unsigned long long)t.offset), 0);
	assert_string_equal(why("cut"), "damaged: the archive ends early: its "
	                                "end mark is missing");
	assert_int_equal(stat(path("b.tar"), &st), 0);
	for (off_t at = 512; at < st.st_size - 20480; at += 4096) {
		assert_int_equal(sh("head -c %ld b.tar > cut", (long)at), 0);
		assert_memory_equal(why("cut"), "damaged: ", 9);
	}
	assert_int_equal(stat(path("s1.zip"), &st), 0);
	assert_int_equal(sh("head -c %ld s1.zip > cut", (long)st.st_size - 30),
	                 0);
	assert_memory_equal(why("cut"), "damaged: not a whole zip file", 29);
}

static void flipped_bytes_are_damaged(void **state)
{
	struct stat st;
	static const char *const files[] = { "a.tar.zst", "s1.zip" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(stat(path(files[i]), &st), 0);
		for (long at = 600; at < st.st_size - 400; at += 7919) {
			assert_int_equal(sh("cp %s flip && printf '\\125\\252"
			                    "\\001' | dd of=flip bs=1 seek=%ld "
			                    "conv=notrunc status=none",
			                    files[i], at), 0);
			assert_memory_equal(why("flip"), "damaged: ", 9);
		}
	}
}

static void hostile_members_are_refused(void **state)
{
	(void)state;
	assert_int_equal(sh("mkdir -p h && cd h && cp ../db db && "
	                    "ln -s /etc/passwd cluster.yml && "
	                    "tar -cf ../link.tar db cluster.yml && "
	                    "tar -P --transform 's,^,../../,' -cf ../up.tar db "
	                    "&& tar -P --transform 's,^,/backup/,' "
	                    "-cf ../abs.tar db && "
	                    "ln db db2 && tar -cf ../hard.tar db db2 && "
	                    "tar --transform 's,db2,x/db,' --hard-dereference "
	                    "-cf ../twice.tar db db2"), 0);
	assert_string_equal(why("link.tar"), "refused: member 'cluster.yml' is "
	                    "a link or a device, not a file");
	assert_string_equal(why("hard.tar"), "refused: member 'db2' is a link "
	                    "or a device, not a file");
	assert_string_equal(why("up.tar"), "refused: member '../../db' points "
	                    "out of the archive");
	assert_string_equal(why("abs.tar"), "refused: member '/backup/db' "
	                    "points out of the archive");
	assert_string_equal(why("twice.tar"),
	                    "refused: member 'x/db' is there twice");
	assert_int_equal(sh("mkdir m && for i in $(seq 65); do echo > m/$i; "
	                    "done; tar -cf many.tar -C m ."), 0);
	assert_string_equal(why("many.tar"),
	                    "refused: the archive has more than 64 members");
	assert_int_equal(sh("truncate -s 2M manifest.json && "
	                    "tar --zstd -cf big.tar.zst manifest.json"), 0);
	assert_string_equal(why("big.tar.zst"), "refused: member "
	                    "'manifest.json' is larger than 1048576 bytes");
	assert_int_equal(sh("truncate -s 9M cluster.state && "
	                    "echo >> cluster.state && "
	                    "tar -S -cf holes.tar cluster.state"), 0);
	assert_string_equal(why("holes.tar"), "refused: member 'cluster.state' "
	                    "has holes\nhint: pack it without --sparse");
	assert_int_equal(sh("(cat b.tar; head -c 3M /dev/zero) > tail.tar"), 0);
	assert_string_equal(why("tail.tar"),
	                    "damaged: data follows the end of the archive");
}

static void python_zip(const char *name, const char *members)
{
	assert_int_equal(sh("python3 -c \"import zipfile\n"
	                    "z = zipfile.ZipFile('%s', 'w', "
	                    "zipfile.ZIP_DEFLATED)\n"
	                    "for n in [%s]: z.writestr(zipfile.ZipInfo(n), "
	                    "b'x' * 99)\nz.close()\"", name, members), 0);
}

static void zip_names_are_rkes_or_harmless(void **state)
{
	(void)state;
	python_zip("e.zip", "'/etc/kubernetes/a.rkestate', 'note'");
	assert_string_equal(why("e.zip"), "SO");
	python_zip("p.zip", "'/etc/passwd'");
	assert_string_equal(why("p.zip"), "refused: member '/etc/passwd' "
	                    "points out of the archive");
	python_zip("q.zip", "'/backup/../x'");
	assert_string_equal(why("q.zip"), "refused: member '/backup/../x' "
	                    "points out of the archive");
	python_zip("r.zip", "'/backup/..'");
	assert_string_equal(why("r.zip"), "refused: member '/backup/..' "
	                    "points out of the archive");
	python_zip("o.zip", "'readme'");
	assert_string_equal(why("o.zip"), "O");
	assert_int_equal(sh("python3 - <<'E'\n"
	                    "b = bytearray(open('o.zip', 'rb').read())\n"
	                    "c = b.index(b'PK\\1\\2')\n"
	                    "b[c + 8] |= 1\nb[6] |= 1\n"
	                    "open('enc.zip', 'wb').write(b)\nE"), 0);
	assert_string_equal(why("enc.zip"),
	                    "refused: member 'readme' is encrypted");
}

static void members_get_their_roles(void **state)
{
	static const struct { const char *name; _Bool zip; int role; } m[] = {
		{ "/backup/n1", 1, PART_DATABASE },
		{ "backup/n1", 1, PART_DATABASE },
		{ "/etc/kubernetes/n1.rkestate", 1, PART_STATE },
		{ "etc/kubernetes/n1.rkestate", 1, PART_STATE },
		{ "backup/n1", 0, PART_OTHER },
		{ "./db", 0, PART_DATABASE },
		{ "x/manifest.json", 0, PART_MANIFEST },
		{ "cluster.yml.bak", 0, PART_OTHER },
		{ "/etc/kubernetes/n1.yml", 1, -1 },
		{ "/backup/x/n1", 1, -1 },
		{ "/backup/", 1, -1 },
		{ "/backup/n1", 0, -1 },
		{ "a/../db", 0, -1 },
		{ "a/..", 0, -1 },
		{ "..", 0, -1 },
		{ "..db", 0, PART_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
		struct part p = { .size = 1 };
		struct err e = ERR_INIT;
		int rc;

		(void)snprintf(p.name, sizeof(p.name), "%s", m[i].name);
		rc = member_judge(&p, m[i].zip, &e);
		if ((rc < 0 ? -1 : (int)p.role) != m[i].role)
			fail_msg("'%s': %d", m[i].name, (int)p.role);
	}
}

static void manifest_without_an_index(void **state)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	fd = open(path("c.tar.zst"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(archive_in_manifest_fast(fd, &b, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_string_equal(e.text, "the archive has no index");
	assert_int_equal(archive_in_manifest(fd, &b, &e), 0);
	assert_string_equal(b.data, text);
	(void)close(fd);
	fd = open(path("s1.zip"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(archive_in_manifest(fd, &b, &e), -1);
	assert_string_equal(e.text, "the archive has no manifest");
	(void)close(fd);
	buf_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_that_users_hold),
		cmocka_unit_test(foreign_files_are_told_apart),
		cmocka_unit_test(cut_files_are_damaged),
		cmocka_unit_test(flipped_bytes_are_damaged),
		cmocka_unit_test(hostile_members_are_refused),
		cmocka_unit_test(zip_names_are_rkes_or_harmless),
		cmocka_unit_test(members_get_their_roles),
		cmocka_unit_test(manifest_without_an_index),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
