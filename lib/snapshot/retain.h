/* retain.h - which snapshots of a folder may go.
 *
 * Pure planning: nothing is read or removed here.  The rules apply together: a
 * file stays when any of them keeps it, and says which one.
 *
 * - Without any rule (count, age, generations) nothing is deleted.
 * - Foreign files and pinned ones stay.
 * - Only verified snapshots are counted.  Files of the same second are one
 *   snapshot.  The newest `min_keep` verified ones stay whatever their age.
 * - keep_count keeps that many newest; hourly, daily, weekly, monthly keep the
 *   newest of that many hours, days, ISO weeks, months (UTC) that have one at
 *   all, however long ago.
 * - keep_age_s is measured on a clock that runs only while snapshots are made:
 *   from the newest verified one back, and what lies between two neighbours (or
 *   between `now` and the newest) counts at most keep_age_s / min_keep.  So
 *   neither a clock that jumps ahead by years nor a cluster that was off for
 *   months makes the whole folder old at once: each new snapshot after it
 *   lets go of what one step of ordinary time would.  A file is never called
 *   old before its age by the calendar says so.
 * - What is dated more than RETAIN_SLACK in the future stays, is reported, and
 *   takes no other file's place in any count: either it or the clock is wrong.
 *   When its date comes it is judged like the rest.
 * - Unproven and unknown ones stay while they are younger than keep_age_s, or
 *   fewer than `min_keep` verified ones are newer.
 * - Diverged and damaged ones are evidence: they stay and are reported, for
 *   keep_age_s (RETAIN_SUSPECT_S without that rule) and while fewer than
 *   `min_keep` verified ones are newer. */
#ifndef SNAPSHOT_RETAIN_H
#define SNAPSHOT_RETAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	RETAIN_MIN_KEEP = 3,
	RETAIN_SLACK = 600,
	RETAIN_SUSPECT_S = 7 * 86400,
};

enum retain_kind {
	RETAIN_OURS,            /* an archive, or a zip that we wrote */
	RETAIN_FOREIGN,         /* whatever we did not make */
};

enum retain_verdict {
	RETAIN_UNKNOWN,         /* not looked at */
	RETAIN_VERIFIED,
	RETAIN_UNPROVEN,
	RETAIN_DIVERGED,
	RETAIN_DAMAGED,
};

struct retain_entry {
	const char *name;
	int64_t time;           /* when it was taken, unix seconds */
	enum retain_kind kind;
	enum retain_verdict verdict;
	_Bool pinned;
	uint64_t size;
	/* the plan */
	_Bool keep;
	_Bool report;           /* worth a word to the operator */
	char reason[120];       /* "daily 2026-11-20", "newest 3 verified" */
};

struct retain_policy {
	unsigned keep_count, hourly, daily, weekly, monthly;    /* 0: no rule */
	int64_t keep_age_s;                                     /* 0: no rule */
	unsigned min_keep;      /* less than 1 counts as 1 */
	int64_t now;
};
#define RETAIN_POLICY_INIT { .min_keep = RETAIN_MIN_KEEP }

struct retain_sum {
	size_t kept, deleted, reported;
	uint64_t kept_bytes, deleted_bytes;
};

/* Fill in the plan of all `n` entries, whose order does not matter and stays.
 * Remove the oldest first: a run cut short then leaves the better ones.  A
 * second plan over what is left deletes nothing more.  Fails on a negative age
 * or clock (ERR_USAGE) and without memory; the entries are untouched then. */
int retain_plan(struct retain_entry *v, size_t n, const struct retain_policy *p,
                struct retain_sum *out, struct err *e) MUST_USE;

#endif
