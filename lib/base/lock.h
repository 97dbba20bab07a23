/* lock.h - one run at a time in a folder.
 *
 * An advisory lock (flock) on the file ".<name>.lock" in the folder.  It goes
 * with the process that holds it, however that ends; the file stays. */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include "base/err.h"

struct lock { int fd; };
#define LOCK_INIT { .fd = -1 }

/* ERR_BUSY, naming the holder, when another run has it.  Never waits. */
int lock_take(struct lock *l, const char *dir, const char *name,
              struct err *e) MUST_USE;
/* Let go; a LOCK_INIT lock is fine. */
void lock_drop(struct lock *l);

#endif
