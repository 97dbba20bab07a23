/* source.h - which member a snapshot is taken from.
 *
 * Every endpoint was asked for its Status; source_choose() takes the freshest
 * healthy voting member: the highest applied raft index, a follower rather than
 * the leader when they are equal.  Learners, members without a leader and
 * members of another cluster are never taken; a CORRUPT alarm anywhere refuses
 * the snapshot, as nobody can say whose data is right. */
#ifndef SNAPSHOT_SOURCE_H
#define SNAPSHOT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct source {
	const char *endpoint;           /* URL */
	_Bool answered;
	const char *why;                /* when it did not */
	uint64_t cluster_id, member_id, leader;         /* leader 0: none */
	uint64_t applied_index, revision;
	uint64_t db_size, db_in_use;    /* bytes */
	_Bool learner, corrupt, no_space;
};

struct source_policy {
	uint64_t cluster_id;            /* that of the snapshots here; 0: any */
	uint64_t min_revision;          /* of the newest of them; 0: any */
};

/* Choose among `n`.  What an operator should know goes to `warnings`, a line
 * each.  ERR_REMOTE when none answered, ERR_REFUSED when none will do. */
int source_choose(const struct source *all, size_t n,
                  const struct source_policy *policy, size_t *out_index,
                  struct buf *warnings, struct err *e) MUST_USE;

#endif
