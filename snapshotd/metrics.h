/* metrics.h - what monitoring reads: /metrics, /healthz and /healthz.json.
 *
 * The daemon keeps a struct metrics of plain values up to date and refreshes
 * `now` and the folder's values before a page is made.  Health is a fresh
 * verified snapshot, not a running process: it fails when the last one is older
 * than the schedule allows, or when there is none after a time of grace. */
#ifndef SNAPSHOTD_METRICS_H
#define SNAPSHOTD_METRICS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/httpd.h"
#include "schedule.h"
#include "snapshot/retain.h"

/* How an attempt to take a snapshot ended. */
#define METRICS_RESULTS(X) \
	X(METRICS_VERIFIED, "verified") \
	X(METRICS_UNPROVEN, "unproven") \
	X(METRICS_DIVERGED, "diverged") \
	X(METRICS_FAILED, "failed")

enum metrics_result {
#define X(result, word) result,
	METRICS_RESULTS(X)
#undef X
#define X(result, word) + 1
	METRICS_RESULT_N = 0 METRICS_RESULTS(X),
#undef X
#define X(kind, word, code, retry, text) + 1
	METRICS_CAUSE_N = 0 ERR_KINDS(X),
#undef X
	METRICS_VERDICT_N = RETAIN_DAMAGED + 1,
	METRICS_STEPS = 10,             /* of the histogram of durations */
};

struct metrics {
	const char *node, *dir;
	struct schedule_time now;
	struct schedule_time started;
	/* the last verified snapshot; wall 0: none */
	struct schedule_time verified;
	uint64_t verified_revision, verified_bytes;
	/* the schedule */
	int64_t max_age_s;      /* schedule_allows_age() */
	int64_t grace_s;        /* until the first snapshot */
	int64_t next_at;        /* 0: not known */
	/* attempts */
	uint64_t results[METRICS_RESULT_N];
	uint64_t failures[METRICS_CAUSE_N];     /* by enum err_kind */
	uint64_t failures_in_row;
	uint64_t steps[METRICS_STEPS + 1];      /* durations, not cumulated */
	double duration_sum_s, duration_last_s;
	uint64_t hashkv_mismatches;
	/* the folder */
	uint64_t free_bytes, total_bytes;
	uint64_t archives[METRICS_VERDICT_N];   /* by enum retain_verdict */
	uint64_t archive_bytes[METRICS_VERDICT_N];
	uint64_t pruned;
};

/* Count an attempt that took `seconds`; `cause` (ERR_NONE for none) counts for
 * METRICS_FAILED alone. */
void metrics_count(struct metrics *m, enum metrics_result result,
                   enum err_kind cause, double seconds);
/* Append everything in Prometheus' text format, version 0.0.4. */
void metrics_print(const struct metrics *m, struct buf *b);

struct metrics_health {
	_Bool ok;
	int64_t age_s;          /* of the last verified snapshot; -1: none */
	char why[200];
};

/* Are we well, and why (not)? */
void metrics_judge(const struct metrics *m, struct metrics_health *out);
/* Append a line of text or a JSON object; return the status, 200 or 503. */
unsigned metrics_print_health(const struct metrics *m, struct buf *b);
unsigned metrics_print_health_json(const struct metrics *m, struct buf *b);

/* The pages, for httpd_open() with the struct metrics as its context. */
extern const struct httpd_route metrics_routes[];

#endif
