/* job.h - one snapshot in a process of its own.
 *
 * The daemon stays responsive, gets all memory back after each snapshot, and
 * outlives whatever a hostile database could do to the one that reads it.  The
 * child tells its result through a pipe; without a word it has failed. */
#ifndef SNAPSHOTD_JOB_H
#define SNAPSHOTD_JOB_H

#include <stdint.h>
#include <sys/types.h>

#include "settings.h"

struct job_result {
	_Bool ok;                       /* a snapshot was published */
	struct err err;                 /* else: why not */
	enum manifest_verdict verdict;
	uint64_t revision, file_bytes, duration_ms;
	unsigned different;             /* members with different data */
	char file[256];
	char warnings[1024];            /* lines */
};

struct job {
	pid_t pid;                      /* 0: none runs */
	int pipe;                       /* its result; -1: none */
};
#define JOB_INIT { .pipe = -1 }

/* Start.  `in_child` lets go of what the child must not touch. */
int job_start(struct job *j, const struct settings *s,
              enum manifest_trigger trigger, void (*in_child)(void *arg),
              void *arg, struct err *e) MUST_USE;
/* The child has ended or its pipe is readable: wait for it, take its result. */
void job_finish(struct job *j, struct job_result *out);
/* Ask it to end, wait up to `wait_ms`, then kill it. */
void job_stop(struct job *j, int wait_ms);

#endif
