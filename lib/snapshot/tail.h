/* tail.h - the last bytes of a Lifeboat archive: where its manifest lies.
 *
 * A skippable zstd frame of TAIL_LEN bytes, which every zstd reader passes
 * over: magic 0x184D2A5E and payload length (each 4 bytes), then "LIFEBOAT",
 * layout version and 4 zero bytes, offset and length of the frame that holds
 * the manifest (8 bytes each), SHA-256 of that frame.  All little-endian. */
#ifndef SNAPSHOT_TAIL_H
#define SNAPSHOT_TAIL_H

#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

enum {
	TAIL_LEN = 72,
	TAIL_VERSION = 1,
	TAIL_FRAME_MAX = 4 << 20,       /* longest frame that we look into */
};

struct tail {
	uint64_t offset, length;
	unsigned char sha256[DIGEST_LEN];
};

void tail_encode(const struct tail *t, unsigned char out[TAIL_LEN]);
/* Read it from the end of a file of `size` bytes, and check that it fits the
 * file and that the frame has the digest.  ERR_MISSING when there is none:
 * packed by other means; ERR_CORRUPT when it or the frame is damaged. */
int tail_read(int fd, uint64_t size, struct tail *t, struct err *e) MUST_USE;

#endif
