/* rows.h - a few bytes for each row of the bucket `key`, and what follows from
 * them: which rows are the newest of their key, and the hash that etcd's
 * HashKV computes at any revision and compaction (etcd-formats, "HashKV").
 *
 * Rows are logged as their pages come by, in any order; when the tree has been
 * walked, the runs of rows are put in revision order.  32 bytes a row; beyond
 * ROWS_IN_MEMORY of them the log goes on in an unlinked file, so that memory
 * stays bounded however many rows there are.  Keys are told apart by a 64-bit
 * fingerprint with a random seed. */
#ifndef MVCC_ROWS_H
#define MVCC_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bolt/findings.h"

enum {
	ROWS_CHUNK = 16384,             /* rows stored together */
	ROWS_CHUNKS_IN_MEMORY = 16,     /* 8 MiB; later ones are spilled */
};

struct row {
	uint64_t main;                  /* revision */
	uint64_t key;                   /* fingerprint of the user's key */
	uint32_t sub;
	uint32_t len;                   /* bytes of row key and value */
	uint32_t crc;                   /* CRC32C of row key and value */
	uint32_t version : 24;          /* of the user's key, low bits */
	uint32_t tombstone : 1;
	uint32_t blank : 1;             /* empty value: a bumped revision */
	uint32_t newest : 1;            /* rows.c: kept at the revision asked */
	uint32_t unused : 5;
};

/* Rows that follow each other in revision order (those of a leaf page). */
struct rows_run {
	uint32_t first, count;
};

struct rows {
	struct row **chunks;            /* NULL where spilled */
	uint32_t n_chunks, n_rows, n_spilled;
	struct row *tail;               /* the chunk being filled */
	_Bool sealed;                   /* nothing is spilled any more */
	int spill;                      /* file, or -1 */
	const char *spill_dir;          /* borrowed */
	struct row *mapped;             /* the spilled rows */
	struct rows_run *runs;
	size_t n_runs, cap_runs;
	uint64_t seed;
	/* What the rows' `newest` says now. */
	_Bool marked;
	uint64_t marked_at, n_newest;
};
#define ROWS_INIT { .spill = -1 }

struct rows_summary {
	uint64_t rows, tombstones, live_keys;
	uint64_t revision;              /* main of the last row, 0 without */
};

/* `spill_dir` is a folder where a nameless file may grow when memory does not
 * suffice; it is borrowed. */
int rows_open(struct rows *r, const char *spill_dir, struct err *e) MUST_USE;
/* The fingerprint of a user's key. */
uint64_t rows_fingerprint(const struct rows *r, const void *key, size_t len);
/* Log a row; its index is r->n_rows before the call. */
int rows_add(struct rows *r, const struct row *row, struct err *e) MUST_USE;
/* Row `i`: the last one added, or any after rows_map(). */
const struct row *rows_get(const struct rows *r, uint32_t i);
/* All pages have come: make the spilled rows readable, for rows_get() of any
 * row.  The few rows that are added later stay in memory. */
int rows_map(struct rows *r, struct err *e) MUST_USE;
/* Append a run in revision order. */
int rows_append_run(struct rows *r, const struct rows_run *run,
                    struct err *e) MUST_USE;
/* All runs are there: check that revisions rise and versions count, and sum
 * up.  What is wrong goes to `f`. */
int rows_finish(struct rows *r, struct rows_summary *sum, struct findings *f,
                struct err *e) MUST_USE;
/* etcd's HashKV at `revision` (main, inclusive) and `compact_revision` (-1:
 * never compacted).  After rows_finish(). */
int rows_hash(struct rows *r, uint64_t revision, int64_t compact_revision,
              uint32_t *out_hash, struct err *e) MUST_USE;
void rows_close(struct rows *r);

#endif
