/* stage.h - build a file out of sight, then publish it whole.
 *
 * Whoever opens the final name sees the old file or the complete new one, never
 * a part, power loss included.  One writer a name: the caller holds the lock.
 * Between the last write and the rename the caller may read the bytes back
 * (stage_fd) and refuse them. */
#ifndef BASE_STAGE_H
#define BASE_STAGE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { STAGE_NAME_MAX = 240 };          /* bytes in a final name */

struct stage {
	int dirfd, fd;
	uint64_t size;                  /* bytes written so far */
	char name[STAGE_NAME_MAX + 1], part[STAGE_NAME_MAX + 8];
};
#define STAGE_INIT { .dirfd = -1, .fd = -1 }

/* Start `name` in the existing folder `dir`.  Pass a STAGE_INIT stage; success
 * or not, end it with stage_close().  A crash leaves at most one
 * ".<name>.part", which the next run for that name starts over. */
int stage_open(struct stage *s, const char *dir, const char *name, mode_t mode,
               struct err *e) MUST_USE;
/* Append all `len` bytes.  After a failure only stage_close() is allowed. */
int stage_write(struct stage *s, const void *data, size_t len,
                struct err *e) MUST_USE;
/* Force the bytes to disk under the staged name, so that they can be read
 * back and judged before stage_publish(). */
int stage_sync(struct stage *s, struct err *e) MUST_USE;
/* Make the bytes durable under the final name.  On failure the old file stands;
 * if only the folder's sync failed, a crash may leave either one, whole. */
int stage_publish(struct stage *s, struct err *e) MUST_USE;
/* Publish under another name than the one staged: for a name that depends on
 * what was written.  An existing file of that name is refused (ERR_REFUSED). */
int stage_publish_as(struct stage *s, const char *name,
                     struct err *e) MUST_USE;
/* Release `s`; unpublished bytes are removed.  A STAGE_INIT stage is fine. */
void stage_close(struct stage *s);

/* Is `name` one that a stage leaves when it is cut short? */
_Bool stage_is_leftover(const char *name);

#endif
