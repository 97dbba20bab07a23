/* snapfile.h - raft's snapshot file (.snap): index, term, voters, and the
 * members as servers up to 3.5 read them, guarded by a CRC32C (etcd-formats,
 * "The .snap file"). */
#ifndef RAFT_SNAPFILE_H
#define RAFT_SNAPFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { SNAPFILE_NAME_LEN = 38, SNAPFILE_VOTERS = 128 };

struct snapfile {
	uint64_t index, term;
	uint64_t voters[SNAPFILE_VOTERS];
	size_t n_voters;
	const unsigned char *data;      /* JSON; points into what was read */
	size_t data_len;
};

/* "%016x-%016x.snap" of term and index. */
void snapfile_name(uint64_t term, uint64_t index,
                   char out[SNAPFILE_NAME_LEN + 1]);
/* Append the file's bytes; failures stick to `b`. */
void snapfile_write(const struct snapfile *s, struct buf *b);
/* Read a whole file.  ERR_CORRUPT when checksum or form is wrong. */
int snapfile_read(struct snapfile *s, const void *data, size_t len,
                  struct err *e) MUST_USE;

#endif
