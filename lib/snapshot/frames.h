/* frames.h - zstd frames, written and read as streams.
 *
 * The writer cuts its output into frames where it is told to, so that a reader
 * may start at each; every frame carries a checksum of its content.  The window
 * is at most 2 MiB: what anybody needs to read such a stream.  Writing takes
 * 2 to 6 MiB up to level 6, 15 at level 9, 86 at level 19; one worker, which
 * lets the compression run beside the caller, takes 3 to 5 MiB more
 * (frames_out_memory() tells). */
#ifndef SNAPSHOT_FRAMES_H
#define SNAPSHOT_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	FRAMES_LEVEL_MIN = -50,         /* fastest */
	FRAMES_LEVEL_MAX = 19,
};

struct frames_out;
struct frames_in;

/* Where the compressed bytes go. */
typedef int (*frames_put)(void *arg, const void *data, size_t len,
                          struct err *e);

/* `workers` is 0 or 1.  On success free with frames_out_free(). */
int frames_out_new(struct frames_out **out, int level, unsigned workers,
                   frames_put put, void *arg, struct err *e) MUST_USE;
int frames_out_write(struct frames_out *f, const void *data, size_t len,
                     struct err *e) MUST_USE;
/* End the frame and hand out all its bytes; what follows starts another. */
int frames_out_cut(struct frames_out *f, struct err *e) MUST_USE;
/* Bytes of memory held by the compressor now. */
size_t frames_out_memory(const struct frames_out *f);
void frames_out_free(struct frames_out *f);

/* Read the frames in `len` bytes (or up to the end of the file when it comes
 * first) from `offset` of `fd`, which stays the caller's.  Skippable frames are
 * passed over. */
int frames_in_new(struct frames_in **out, int fd, uint64_t offset,
                  uint64_t len, struct err *e) MUST_USE;
/* The next bytes, valid until the next call; len 0 at the end.  ERR_CORRUPT
 * when the data is damaged or stops within a frame. */
int frames_in_read(struct frames_in *f, const void **out_data, size_t *out_len,
                   struct err *e) MUST_USE;
/* The same into the caller's memory: fills all of `room` but at the end. */
int frames_in_fill(struct frames_in *f, void *to, size_t room, size_t *out_len,
                   struct err *e) MUST_USE;
void frames_in_free(struct frames_in *f);

#endif
