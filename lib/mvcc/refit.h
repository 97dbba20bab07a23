/* refit.h - what must change in an etcd database before a new cluster starts
 * from it (etcd-formats, "common denominator").
 *
 * The members become those of the new cluster; the raft index and term begin
 * anew; what only the old cluster's version and configuration meant goes:
 * cluster version, downgrade, storage version, voters.  The servers set it
 * again, whatever their version.  Keys, leases, users and roles stay.  On
 * request the revision jumps ahead and all before it is marked compacted, so
 * that clients which saw later revisions notice; and NOSPACE alarms go. */
#ifndef MVCC_REFIT_H
#define MVCC_REFIT_H

#include "bolt/patch.h"

enum { REFIT_BUCKETS = 5, REFIT_ROW_KEY = 17 };

struct refit_member {
	uint64_t id;
	const char *json;               /* as etcd keeps it; borrowed */
};

struct refit_options {
	const struct refit_member *members;
	size_t n_members;
	uint64_t index, term;           /* raft, of the new log's snapshot */
	uint64_t bump_revision;         /* jump ahead by so many; 0: stay */
	_Bool clear_alarms;
};

struct refit {
	struct patch patch;             /* what to do; points into the rest */
	struct patch_bucket buckets[REFIT_BUCKETS];
	struct entries members, removed, cluster, meta, alarm;
	unsigned char row_key[REFIT_ROW_KEY + 1];
	uint64_t revision;              /* current, after a bump */
	unsigned nospace, corrupt;      /* alarms in the database */
};
#define REFIT_INIT { .revision = 0 }

/* Read `t` and make the plan.  End with refit_close(), after the patch was
 * applied.  ERR_CORRUPT when a bucket is not what it should be, ERR_USAGE when
 * the jump goes beyond what a revision can be. */
int refit_plan(struct refit *r, struct tree *t,
               const struct refit_options *opts, struct err *e) MUST_USE;
void refit_close(struct refit *r);

#endif
