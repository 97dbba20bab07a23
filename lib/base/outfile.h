/* outfile.h - append to a file in large writes, and start the disk early.
 *
 * Bytes are gathered into writes of OUTFILE_BUFFER; write-back of what was
 * written is begun a little behind, so that the final sync has little left to
 * do.  The descriptor is the caller's; so is syncing it and removing what is
 * unfinished. */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { OUTFILE_BUFFER = 1 << 20 };

struct outfile {
	int fd;
	const char *name;               /* for messages; borrowed */
	uint64_t size;                  /* where the next byte goes */
	unsigned char *buffer;
	size_t used;                    /* bytes of `buffer` not yet written */
	uint64_t hinted;                /* write-back was begun up to here */
	_Bool lazy;                     /* never begin it: a passing file */
};
#define OUTFILE_INIT { .fd = -1 }

/* Append to `fd` from offset `at` on.  End with outfile_close(). */
int outfile_open(struct outfile *o, int fd, uint64_t at, const char *name,
                 struct err *e) MUST_USE;
int outfile_append(struct outfile *o, const void *data, size_t len,
                   struct err *e) MUST_USE;
int outfile_zeros(struct outfile *o, uint64_t len, struct err *e) MUST_USE;
/* Hand all that was appended to the system. */
int outfile_flush(struct outfile *o, struct err *e) MUST_USE;
/* Replace bytes before the end. */
int outfile_put_at(struct outfile *o, uint64_t at, const void *data,
                   size_t len, struct err *e) MUST_USE;
/* Flush and force everything to disk. */
int outfile_sync(struct outfile *o, struct err *e) MUST_USE;
/* Release the buffer, and what it still holds. */
void outfile_close(struct outfile *o);

#endif
