/* stagedir.h - build a folder out of sight, then publish it by one rename.
 *
 * The folder is built as ".<name>.lifeboat-part" beside its final name, under a
 * lock; whoever looks at the final name sees nothing of it before
 * stagedir_publish().  What a killed run left there is recognised by the name
 * and the free lock, and removed by the next run for the same name.
 *
 * A final name that is the root of a mounted file system cannot be replaced.
 * There the part is built inside, and its one entry is renamed into place. */
#ifndef BASE_STAGEDIR_H
#define BASE_STAGEDIR_H

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

enum { STAGEDIR_NAME_MAX = 200 };

struct stagedir {
	char path[PATH_MAX];            /* of the final folder */
	char name[STAGEDIR_NAME_MAX + 1];       /* its last part */
	char part[STAGEDIR_NAME_MAX + 32];      /* name of the part */
	int parent;                     /* folder that holds the part */
	int dir;                        /* the part; build in here */
	_Bool inside;                   /* `parent` is the final folder */
	_Bool published;
	_Bool taking_back;              /* stagedir_reclaim() is at work */
};
#define STAGEDIR_INIT { .parent = -1, .dir = -1 }

/* Begin to build the folder `path`, which must not exist, or be empty
 * (ERR_REFUSED); its parent must exist.  ERR_BUSY when another run is at it.
 * End with stagedir_close(). */
int stagedir_open(struct stagedir *s, const char *path, struct err *e) MUST_USE;
/* Put the folder in place.  What is in it must have been synced by the caller,
 * the folders too; here the part itself, then the rename, then its parent. */
int stagedir_publish(struct stagedir *s, struct err *e) MUST_USE;
/* A folder that was published, but is not wanted after all: put it back, so
 * that the next stagedir_open() for it removes it.  ERR_BUSY as there. */
int stagedir_reclaim(const char *path, struct err *e) MUST_USE;
/* Release; a part that was not published is removed. */
void stagedir_close(struct stagedir *s);

/* Remove all that folder `dir` holds, a few levels deep; links are not
 * followed, other file systems not entered. */
int stagedir_empty(int dir, struct err *e) MUST_USE;

#endif
