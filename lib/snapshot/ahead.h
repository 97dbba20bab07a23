/* ahead.h - a thread that makes blocks while the caller uses the one before.
 *
 * Unpacking and digesting a database take about as long as each other; done
 * side by side, a check of a stored snapshot takes half the time.  The maker
 * runs in the thread from ahead_new() to ahead_free() and nowhere else. */
#ifndef SNAPSHOT_AHEAD_H
#define SNAPSHOT_AHEAD_H

#include <stddef.h>

#include "base/err.h"

enum { AHEAD_BLOCK = 256 << 10, AHEAD_BLOCKS = 4 };

struct ahead;

/* Fill up to `room` bytes at `to`; *out_len 0 at the end. */
typedef int (*ahead_make)(void *arg, void *to, size_t room, size_t *out_len,
                          struct err *e);

int ahead_new(struct ahead **out, ahead_make make, void *arg,
              struct err *e) MUST_USE;
/* The next block, valid until the next call; len 0 at the end.  What the maker
 * failed with comes after the blocks that it had made. */
int ahead_next(struct ahead *a, const void **out_data, size_t *out_len,
               struct err *e) MUST_USE;
/* Stop the thread, wherever it is.  NULL is fine. */
void ahead_free(struct ahead *a);

#endif
