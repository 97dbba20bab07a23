/* engine.h - what the parts of the torture engine share; tests use torture.h.
 *
 * The child that runs a scenario records its calls in memory that it shares
 * with its parent, so that the record outlives a crash. */
#ifndef FAULT_ENGINE_H
#define FAULT_ENGINE_H

#include "torture.h"

enum { ENGINE_CALLS_MAX = 1 << 16, ENGINE_PATH = 192 };

/* What a call does to the order of things. */
enum engine_kind {
	ENGINE_OTHER,           /* nothing */
	ENGINE_CREATE,          /* puts a new name into a folder */
	ENGINE_WRITE,           /* changes a file's bytes */
	ENGINE_SYNC,            /* makes a file or a folder durable */
	ENGINE_NAME,            /* gives a file another name: from -> path */
	ENGINE_REMOVE,          /* takes a name away; may be ignored */
	ENGINE_MEMORY,
	ENGINE_HINT,            /* nothing; may be ignored */
};

struct engine_call {
	const char *name;
	enum engine_kind kind;
	const int *faults;      /* errnos and TORTURE_SHORT, 0 ends */
	_Bool done;             /* it was made, and it succeeded */
	char path[ENGINE_PATH], from[ENGINE_PATH];
};

struct engine_shared {
	unsigned n;             /* calls made */
	unsigned fail_at;       /* this one fails; UINT_MAX: none */
	int fault;              /* how; 0: end the process there */
	_Bool returned;         /* the scenario came back */
	_Bool lost_fd;
	int rc;
	struct err err;
	struct engine_call call[ENGINE_CALLS_MAX];
};

/* Non-NULL while a scenario runs in this process. */
extern struct engine_shared *engine_armed;

enum { ENGINE_CRASHED = 99 };   /* exit status of a crash on demand */

/* A wrapper announces its call.  Returns 0: make it; an errno: fail with it;
 * TORTURE_SHORT: do half.  Does not return when the crash is due. */
int engine_step(const char *name, enum engine_kind kind, const int *faults);
/* Note on which file the announced call works, by descriptor or by name. */
void engine_on_fd(int fd);
void engine_on_path(int dirfd, const char *path);
/* For ENGINE_NAME: where the name comes from; call before engine_on_path. */
void engine_from_path(int dirfd, const char *path);
/* Note that the announced call succeeded, or not. */
void engine_done(_Bool ok);

/* Is the recorded order of `s` durable?  With `all_names`: also of names that
 * were made or removed.  NULL when it is, else why not, in static memory. */
const char *order_check(const struct engine_shared *s, _Bool all_names);

#endif
