#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/digest.h"
#include "dbfile.h"
#include "raft/bootstrap.h"
#include "raft/snapfile.h"
#include "raft/wal.h"

#define THREE "etcd-a=https://10.0.0.1:2380,etcd-b=https://10.0.0.2:2380," \
              "etcd-c=https://10.0.0.3:2380"

/* The log of a one-member restore by etcdutl 3.5.16 (etcd-formats, 10.2). */
static const char one_wal[] =
	"0400000000000084" "08041000" "00000000"
	"1f00000000000081"
	"080110dfbeae83081a150880e7d185f5b1c0a7f30110bff5c9b3a6b7c9c905" "00"
	"0e00000000000082" "080510ec92f786031a0408001000" "0000"
	"7000000000000000"
	"080210dd98a3c50f1a66080110011801225e080010001880e7d185f5b1c0a7f3"
	"01224d7b226964223a31373533323233333538393432323538343730342c2270"
	"65657255524c73223a5b22687474703a2f2f3132372e302e302e313a32323030"
	"31225d2c226e616d65223a226d31227d"
	"1900000000000087"
	"080310f49db7d5051a0f08011080e7d185f5b1c0a7f3011801" "00000000000000"
	"1d00000000000083"
	"080510d081c6d0091a13080110011a0d0880e7d185f5b1c0a7f3012800" "000000";

static void setup(struct members *m, const char *cluster, const char *token)
{
	struct err e = ERR_INIT;

	*m = (struct members)MEMBERS_INIT;
	assert_int_equal(members_parse(m, cluster, token, &e), 0);
}

static const struct members_one *self_of(const struct members *m,
                                         const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->list[i].name, name) == 0)
			return &m->list[i];
	fail_msg("no member '%s'", name);
	return NULL;
}

static void one_member_byte_for_byte(void **state)
{
	struct members m;
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	struct err e = ERR_INIT;
	char hex[1024];

	(void)state;
	setup(&m, "m1=http://127.0.0.1:22001", "tok");
	assert_int_equal(bootstrap_wal(&m, &m.list[0], &b, &e), 0);
	assert_int_equal(b.len, 280);
	digest_hex(b.data, b.len, hex);
	assert_string_equal(hex, one_wal);
	buf_close(&b);
	members_close(&m);
}

static size_t slurp(const char *name, char *out, size_t size)
{
	char path[96];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "tests/data/etcd/%s", name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(out, 1, size, f);
	assert_int_equal(fclose(f), 0);
	return n;
}

static void three_members_byte_for_byte(void **state)
{
	static char want[1024];
	struct members m;
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	struct err e = ERR_INIT;

	(void)state;
	setup(&m, THREE, "etcd-cluster");
	assert_int_equal(bootstrap_wal(&m, self_of(&m, "etcd-b"), &b, &e), 0);
	assert_int_equal(slurp("tri-3.5.30.wal-head1024", want, 1024), 1024);
	assert_true(b.len < 1024);
	assert_memory_equal(b.data, want, b.len);
	for (size_t i = b.len; i < 1024; i++)
		assert_int_equal(want[i], 0);
	buf_close(&b);
	members_close(&m);
}

static void reads_what_etcd_wrote(void **state)
{
	static const struct { unsigned type; uint32_t crc; uint64_t at; }
	want[] = {
		{ WAL_CRC, 0, 0 }, { WAL_METADATA, 0x6f723260, 16 },
		{ WAL_SNAPSHOT, 0x84250d70, 56 }, { WAL_ENTRY, 0xc564009b, 80 },
		{ WAL_ENTRY, 0x6a0ad919, 208 }, { WAL_ENTRY, 0xb241abb8, 336 },
		{ WAL_STATE, 0x8ab92f4b, 464 },
		{ WAL_SNAPSHOT, 0xd7a92ea5, 496 },
	};
	struct wal_in w = WAL_IN_INIT;
	struct wal_record r;
	struct err e = ERR_INIT;
	_Bool found = 1;
	int fd = open("tests/data/etcd/tri-3.4.23.wal-head1024", O_RDONLY);

	(void)state;
	assert_true(fd >= 0);
	wal_in_open(&w, fd, 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(wal_in_next(&w, &r, &found, &e), 0);
		assert_true(found);
		assert_int_equal(r.type, want[i].type);
		assert_int_equal(r.crc, want[i].crc);
		assert_int_equal(r.offset, want[i].at);
	}
	assert_int_equal(wal_in_next(&w, &r, &found, &e), 0);
	assert_false(found);
	wal_in_close(&w);
	(void)close(fd);
}

/* Read a log of these bytes to its end; the error, or "". */
static const char *read_wal(const void *data, size_t len, uint32_t crc)
{
	static char text[512];
	struct wal_in w = WAL_IN_INIT;
	struct wal_record r;
	struct err e = ERR_INIT;
	_Bool found = 1;
	int fd = dbfile_new(), rc = 0;

	assert_int_equal(write(fd, data, len), len);
	wal_in_open(&w, fd, crc);
	while (rc == 0 && found)
		rc = wal_in_next(&w, &r, &found, &e);
	wal_in_close(&w);
	(void)close(fd);
	(void)snprintf(text, sizeof(text), "%s", rc == 0 ? "" : e.text);
	return text;
}

static void tells_damage_of_a_log(void **state)
{
	unsigned char wal[280], b[280];

	(void)state;
	assert_true(digest_unhex(one_wal, wal, sizeof(wal)));
	assert_string_equal(read_wal(wal, 280, 0), "");
	assert_string_equal(read_wal(wal, 240, 0), "");
	assert_string_equal(read_wal(wal, 0, 0), "");
	assert_string_equal(read_wal(wal, 270, 0),
	                    "wal record at 240 is cut short");
	assert_string_equal(read_wal(wal, 244, 0),
	                    "wal record at 240 is cut short");
	assert_string_equal(read_wal(wal, 280, 5), "wal record at 0 does not "
	                    "continue the segment before");
	assert_string_equal(read_wal(wal + 16, 264, 0), "wal record at 0 "
	                    "stands before the first checksum");
	(void)memcpy(b, wal, sizeof(b));
	b[100] ^= 1;
	assert_string_equal(read_wal(b, 280, 0),
	                    "wal record at 80 has a wrong checksum");
	(void)memcpy(b, wal, sizeof(b));
	b[86] = 0x7f;
	assert_string_equal(read_wal(b, 280, 0),
	                    "wal record at 80 has an impossible length");
	(void)memcpy(b, wal, sizeof(b));
	b[89] = 6;
	assert_string_equal(read_wal(b, 280, 0),
	                    "wal record at 80 has an unknown type");
	/* Whatever bit is flipped, reading ends, and in bounds. */
	for (size_t bit = 0; bit < 280 * 8; bit++) {
		(void)memcpy(b, wal, sizeof(b));
		b[bit / 8] ^= (unsigned char)(1 << bit % 8);
		(void)read_wal(b, 280, 0);
	}
}

static void snapshot_as_etcd_reads_it(void **state)
{
	static char want[8192];
	struct members m;
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	struct snapfile mine, theirs;
	struct err e = ERR_INIT;
	size_t n = slurp("tri-3.5.30.snap", want, sizeof(want));
	char name[SNAPFILE_NAME_LEN + 1];

	(void)state;
	setup(&m, THREE, "etcd-cluster");
	assert_int_equal(bootstrap_snap(&m, &b, &e), 0);
	assert_int_equal(snapfile_read(&mine, b.data, b.len, &e), 0);
	assert_int_equal(snapfile_read(&theirs, want, n, &e), 0);
	assert_int_equal(mine.index, 3);
	assert_int_equal(theirs.index, 3);
	assert_int_equal(theirs.term, mine.term);
	assert_int_equal(theirs.n_voters, 3);
	assert_memory_equal(theirs.voters, mine.voters, 24);
	/* Behind the data stands the metadata, the same for both. */
	assert_int_equal(b.data + b.len - (const char *)(mine.data +
	                 mine.data_len), want + n - (const char *)
	                 (theirs.data + theirs.data_len));
	assert_memory_equal(mine.data + mine.data_len, theirs.data +
	                    theirs.data_len, (size_t)(want + n -
	                    (const char *)(theirs.data + theirs.data_len)));
	snapfile_name(mine.term, mine.index, name);
	assert_string_equal(name, "0000000000000001-0000000000000003.snap");
	b.data[200] ^= 4;
	assert_int_equal(snapfile_read(&mine, b.data, b.len, &e), -1);
	assert_string_equal(e.text, "the raft snapshot has a wrong checksum");
	assert_int_equal(snapfile_read(&mine, "", 0, &e), -1);
	assert_string_equal(e.text, "the raft snapshot is empty");
	assert_int_equal(snapfile_read(&mine, "\xff", 1, &e), -1);
	assert_string_equal(e.text, "not a raft snapshot");
	buf_close(&b);
	members_close(&m);
}

static int file_of(const struct buf *b)
{
	int fd = dbfile_new();

	assert_int_equal(write(fd, b->data, b->len), b->len);
	return fd;
}

static void reads_back(void **state)
{
	struct members m, other;
	struct buf wal = BUF_INIT(BOOTSTRAP_MAX);
	struct buf snap = BUF_INIT(BOOTSTRAP_MAX);
	struct err e = ERR_INIT;
	int wal_fd, snap_fd;

	(void)state;
	setup(&m, THREE, "one");
	setup(&other, THREE, "two");
	assert_int_equal(bootstrap_wal(&m, &m.list[1], &wal, &e), 0);
	assert_int_equal(bootstrap_snap(&m, &snap, &e), 0);
	wal_fd = file_of(&wal);
	snap_fd = file_of(&snap);
	assert_int_equal(bootstrap_verify(&m, &m.list[1], wal_fd, snap_fd, &e),
	                 0);
	assert_int_equal(bootstrap_verify(&m, &m.list[0], wal_fd, snap_fd, &e),
	                 -1);
	assert_string_equal(e.text, "the wal reads back otherwise than it was "
	                    "written");
	(void)close(wal_fd);
	buf_clear(&wal);
	assert_int_equal(bootstrap_wal(&other, &other.list[1], &wal, &e), 0);
	wal_fd = file_of(&wal);
	assert_int_equal(bootstrap_verify(&other, &other.list[1], wal_fd,
	                                  snap_fd, &e), -1);
	assert_string_equal(e.text, "the raft snapshot names other voters than "
	                    "it should");
	(void)close(wal_fd);
	(void)close(snap_fd);
	buf_close(&wal);
	buf_close(&snap);
	members_close(&m);
	members_close(&other);
}

static void names_segments(void **state)
{
	char name[WAL_NAME_LEN + 1];
	uint64_t seq = 0, index = 0;

	(void)state;
	wal_name(1, 0xabc, name);
	assert_string_equal(name, "0000000000000001-0000000000000abc.wal");
	assert_true(wal_parse_name(name, &seq, &index));
	assert_int_equal(seq, 1);
	assert_int_equal(index, 0xabc);
	assert_false(wal_parse_name("0.tmp", &seq, &index));
	assert_false(wal_parse_name("0000000000000001-0000000000000ABC.wal",
	                            &seq, &index));
	assert_false(wal_parse_name("0000000000000001-0000000000000abc.wal~",
	                            &seq, &index));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_member_byte_for_byte),
		cmocka_unit_test(three_members_byte_for_byte),
		cmocka_unit_test(reads_what_etcd_wrote),
		cmocka_unit_test(tells_damage_of_a_log),
		cmocka_unit_test(snapshot_as_etcd_reads_it),
		cmocka_unit_test(reads_back),
		cmocka_unit_test(names_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
