/* layout.h - the folders and files of a member, built out of sight.
 *
 *	<data-dir>/member/snap/db
 *	<data-dir>/member/snap/<term>-<index>.snap
 *	<data-dir>/member/wal/<sequence>-<index>.wal     or in a --wal-dir
 *
 * With the log in a folder of its own there are two names to publish.  Then the
 * data folder comes first, its database under a name that etcd does not know;
 * then the log; last the database gets its name.  At no point between is there
 * anything that etcd starts from: with a log and a raft snapshot, but without
 * a database, it refuses (etcd-formats, "Traps").  A run killed there is
 * recognised by the next one. */
#ifndef RESTORE_LAYOUT_H
#define RESTORE_LAYOUT_H

#include <sys/types.h>

#include "base/stagedir.h"
#include "raft/members.h"

struct layout {
	struct stagedir data, wal;
	_Bool apart;                    /* the log has a folder of its own */
	int member, snap, wal_dir;      /* folders */
	int db, wal_fd, snap_fd;        /* files */
	_Bool has_owner;
	uid_t uid;
	gid_t gid;
};
#define LAYOUT_INIT { .data = STAGEDIR_INIT, .wal = STAGEDIR_INIT, \
	.member = -1, .snap = -1, .wal_dir = -1, .db = -1, .wal_fd = -1, \
	.snap_fd = -1 }

/* Begin; `wal_dir` may be NULL.  Set has_owner, uid and gid before.  After it
 * l->db is an empty file, open for writing.  End with layout_close(). */
int layout_open(struct layout *l, const char *data_dir, const char *wal_dir,
                struct err *e) MUST_USE;
/* Write log and raft snapshot of member `self`, synced, and read them back. */
int layout_put_raft(struct layout *l, const struct members *m,
                    const struct members_one *self, struct err *e) MUST_USE;
/* Sync the folders and put everything in place.  l->db must be synced. */
int layout_publish(struct layout *l, struct err *e) MUST_USE;
void layout_close(struct layout *l);

#endif
