/* schedule.h - when the next snapshot is due, and why.
 *
 * Slots come at the multiples of an interval since 1970 in UTC (every 6 hours:
 * 00, 06, 12, 18 o'clock) or from a cron expression.  A node takes its snapshot
 * a little after the slot, by a delay that is always the same for its name and
 * schedule, so that the nodes of a cluster do not all work at once: a fraction
 * of `spread_s`, and of a tenth of the time to the following slot if that is
 * less.
 *
 * schedule_next() is pure.  It trusts the monotonic clock where it can: times
 * that this process saw are placed on the wall clock by how long ago they were,
 * so a clock set forward or back by days costs at most one extra snapshot and
 * never leaves out more than the slots that the clock itself jumped over.
 * Wall-clock times from before the process began that lie in the future are
 * taken as unknown. */
#ifndef SNAPSHOTD_SCHEDULE_H
#define SNAPSHOTD_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "cron.h"

enum {
	SCHEDULE_INTERVAL_MAX = 366 * 86400,
	SCHEDULE_SLACK = 60,    /* clocks may differ that much unnoticed */
};

struct schedule {
	int64_t interval_s;     /* 0: `cron` rules */
	struct cron cron;
	int64_t spread_s;       /* the longest delay of a node */
	uint32_t place;         /* of this node: place/2^32 of the spread */
	int retries;            /* after a failed attempt, for each slot */
	int64_t retry_first_s;  /* before the first retry; then doubled ... */
	int64_t retry_most_s;   /* ... up to this */
};
/* No spread; 4 retries after 15 s, 30 s, 1 min and 2 min. */
#define SCHEDULE_INIT { \
	.retries = 4, .retry_first_s = 15, .retry_most_s = 600 }

/* Rule by interval, 1 s to 366 days, or by cron expression (cron.h).  Errors
 * are ERR_USAGE.  The other members stay as they are. */
int schedule_every(struct schedule *s, int64_t interval_s,
                   struct err *e) MUST_USE;
int schedule_cron(struct schedule *s, const char *expr, const char *zone,
                  struct err *e) MUST_USE;
/* Give node `node` its place within `spread_s`.  Call it last. */
void schedule_spread(struct schedule *s, const char *node, int64_t spread_s);
/* Append "every 6h" or "at '0 2 * * *' in Europe/Berlin". */
void schedule_print(const struct schedule *s, struct buf *b);

/* Seconds; `wall` of unix time, `mono` of CLOCK_BOOTTIME, which counts
 * suspension.  mono < 0: not seen by this process.  wall <= 0: never. */
struct schedule_time {
	int64_t wall, mono;
};
#define SCHEDULE_NEVER { .wall = 0, .mono = -1 }

struct schedule_state {
	struct schedule_time now;
	struct schedule_time good;      /* the last successful snapshot */
	struct schedule_time attempt;   /* when the last attempt ended */
	int failures;                   /* attempts in a row that failed */
};

/* word, for logs and JSON */
#define SCHEDULE_REASONS(X) \
	X(SCHEDULE_FIRST, "first")      /* none yet, or none young enough */ \
	X(SCHEDULE_MISSED, "missed")    /* slots went by; made up once */ \
	X(SCHEDULE_REGULAR, "regular") \
	X(SCHEDULE_RETRY, "retry")      /* retry k of n */ \
	X(SCHEDULE_RESUME, "resume")    /* gave up retrying until this slot */

enum schedule_reason {
#define X(reason, word) reason,
	SCHEDULE_REASONS(X)
#undef X
};

struct schedule_plan {
	enum schedule_reason reason;
	int64_t at;             /* wall clock; at most now when due */
	int64_t wait_s;         /* from now; 0 when due */
	int64_t slot;           /* the slot served; 0: a first run or a retry */
	int retry;              /* k, for SCHEDULE_RETRY */
	char why[160];          /* a phrase for people */
};

/* Plan the next snapshot.  Ask again after every attempt, and at least once a
 * minute and when the clock was set: a plan is as good as the clock it was made
 * with.  While an attempt runs, do not ask. */
int schedule_next(const struct schedule *s, const struct schedule_state *st,
                  struct schedule_plan *out, struct err *e) MUST_USE;

/* The time to pass as `good.wall` at the start: the newest of `n` times of
 * snapshots that is not in the future; 0 when there is none. */
int64_t schedule_newest(const int64_t *times, size_t n, int64_t now);

/* The age up to which the last verified snapshot is healthy at `now`: two
 * intervals, or the longest gap around `now` and in the eight days (at least
 * one slot) to come of a cron schedule; and the slack, a tenth of that time
 * between a minute and an hour, besides the spread. */
int schedule_allows_age(const struct schedule *s, int64_t now, int64_t *out,
                        struct err *e) MUST_USE;

/* The word for `reason` in JSON and logs. */
const char *schedule_word(enum schedule_reason reason);

#endif
