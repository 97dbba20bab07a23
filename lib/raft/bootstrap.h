/* bootstrap.h - the raft side of a new cluster's first data folder.
 *
 * As if the cluster had been formed by one configuration change a member, all
 * committed in term 1, and had then taken a snapshot (etcd-formats, "snapshot
 * restore").  The same for every member but for the id in the log. */
#ifndef RAFT_BOOTSTRAP_H
#define RAFT_BOOTSTRAP_H

#include "raft/members.h"

enum { BOOTSTRAP_TERM = 1, BOOTSTRAP_MAX = 1 << 20 };

/* The log index of the snapshot: one entry a member. */
uint64_t bootstrap_index(const struct members *m);
/* Append the first segment of the log of member `self`. */
int bootstrap_wal(const struct members *m, const struct members_one *self,
                  struct buf *b, struct err *e) MUST_USE;
/* Append the snapshot file. */
int bootstrap_snap(const struct members *m, struct buf *b,
                   struct err *e) MUST_USE;
/* Read both back and compare with `m`: ERR_CORRUPT when they do not say what
 * they should. */
int bootstrap_verify(const struct members *m, const struct members_one *self,
                     int wal_fd, int snap_fd, struct err *e) MUST_USE;

#endif
