/* wal.h - etcd's write-ahead log: one segment written, any segment read.
 *
 * A segment is a row of frames: length, record, padding to 8 bytes; a record
 * has a type, a checksum and data.  The checksum is one CRC32C that runs on
 * over the data of all records (etcd-formats, "WAL"). */
#ifndef RAFT_WAL_H
#define RAFT_WAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	WAL_METADATA = 1, WAL_ENTRY = 2, WAL_STATE = 3, WAL_CRC = 4,
	WAL_SNAPSHOT = 5,
	WAL_SEGMENT = 64 * 1000 * 1000, /* bytes a segment is given on disk */
	WAL_RECORD_MAX = 32 << 20,      /* bytes of a record that we read */
	WAL_NAME_LEN = 37,
};

/* ---- writing ---- */

struct wal_out {
	struct buf *b;                  /* frames go here; borrowed */
	struct buf scratch;
	uint32_t crc;
};

/* Begin a segment whose predecessor ended with `crc` (0: the first). */
void wal_begin(struct wal_out *w, struct buf *b, uint32_t crc);
/* Add a record.  Failures stick to the buf. */
void wal_put(struct wal_out *w, unsigned type, const void *data, size_t len);
void wal_end(struct wal_out *w);
/* "0000000000000000-0000000000000000.wal" for sequence and first index. */
void wal_name(uint64_t sequence, uint64_t index, char out[WAL_NAME_LEN + 1]);
/* True for such a name. */
_Bool wal_parse_name(const char *name, uint64_t *sequence, uint64_t *index);

/* ---- reading ---- */

struct wal_record {
	unsigned type;
	uint32_t crc;
	const unsigned char *data;      /* valid until the next call */
	size_t len;
	uint64_t offset;                /* of its frame */
};

struct wal_in {
	int fd;                         /* borrowed */
	uint64_t at;
	uint32_t crc;
	_Bool seeded;                   /* a crc record was seen */
	unsigned char *frame;
	size_t cap;
};
#define WAL_IN_INIT { .fd = -1 }

/* Read the segment `fd` from its start; `crc` is what the segment before it
 * ended with, and what this one must begin with (0: the first, or not known:
 * then anything).  End with wal_in_close(). */
void wal_in_open(struct wal_in *w, int fd, uint32_t crc);
/* The next record, its checksum checked; *found is false at the end: a length
 * of zero, or the end of the file.  ERR_CORRUPT names the offset. */
int wal_in_next(struct wal_in *w, struct wal_record *out, _Bool *found,
                struct err *e) MUST_USE;
void wal_in_close(struct wal_in *w);

#endif
