/* lock.h - one run at a time in a folder.
 *
 * An exclusive flock(2) on "<dir>/.<name>.lock", which says who holds it and
 * since when.  The kernel frees it when the holder ends, however that happens;
 * the file stays, since removing it would let two runs hold two files of one
 * name.  Never waits. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

struct lock {
	int fd;
};
#define LOCK_INIT { .fd = -1 }

/* ERR_BUSY when another holds it, with its process and start. */
int lock_take(struct lock *l, const char *dir, const char *name,
              struct err *e) MUST_USE;
/* Let go.  A LOCK_INIT lock is fine. */
void lock_drop(struct lock *l);
/* In a forked child: close the copy, and leave the lock with the parent. */
void lock_forget(struct lock *l);

#endif
