#include "layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/outfile.h"
#include "raft/bootstrap.h"
#include "raft/snapfile.h"
#include "raft/wal.h"

#define DB "db"
#define DB_LATER "db.lifeboat-part"     /* while the log is not in place */
#define WAL_NOTE "wal.lifeboat-part"    /* which log file is ours */

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

/* ---- making folders and files ---- */

static int own(const struct layout *l, int fd, const char *name, struct err *e)
{
	if (l->has_owner && fchown(fd, l->uid, l->gid) < 0)
		return err_sys(e, "cannot give '%s' to its owner", name);
	return 0;
}

static int make_folder(const struct layout *l, int at, const char *name,
                       int *out, struct err *e)
{
	if (mkdirat(at, name, FOLDER_MODE) < 0)
		return err_sys(e, "cannot make folder '%s'", name);
	*out = openat(at, name,
	              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*out < 0 || fchmod(*out, FOLDER_MODE) < 0)
		return err_sys(e, "cannot open folder '%s'", name);
	return own(l, *out, name, e);
}

static int make_file(const struct layout *l, int at, const char *name,
                     int *out, struct err *e)
{
	*out = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	              O_CLOEXEC, FILE_MODE);
	if (*out < 0 || fchmod(*out, FILE_MODE) < 0)
		return err_sys(e, "cannot create '%s'", name);
	return own(l, *out, name, e);
}

/* ---- what a killed run left ---- */

/* Remove the log file if it is the one that the note names by device and
 * inode. */
static int drop_wal(const char *note, const char *wal_dir, struct err *e)
{
	char name[WAL_NAME_LEN + 1];
	uintmax_t dev, ino;
	struct stat st;
	int dir, rc = 0;

	if (sscanf(note, "%ju %ju", &dev, &ino) != 2)
		return 0;
	dir = open(wal_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	wal_name(0, 0, name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == dev && st.st_ino == ino &&
	    unlinkat(dir, name, 0) < 0)
		rc = err_sys(e, "cannot remove '%s/%s'", wal_dir, name);
	(void)close(dir);
	return rc;
}

static int drop_noted_wal(int dir, const char *data_dir, const char *wal_dir,
                          struct err *e)
{
	char text[64] = "";
	int note, rc = 0;

	if (wal_dir == NULL)
		return 0;
	/* A run that is still at it holds this lock. */
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_BUSY, "another restore to '%s' is "
		               "running", data_dir);
	note = openat(dir, "member/snap/" WAL_NOTE,
	              O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (note >= 0 && pread(note, text, sizeof(text) - 1, 0) > 0)
		rc = drop_wal(text, wal_dir, e);
	if (note >= 0)
		(void)close(note);
	(void)flock(dir, LOCK_UN);
	return rc;
}

/* A data folder whose database has not got its name: ours, and unfinished.  (An
 * etcd that was started on it has left an empty `db` there, and died.) */
static int reclaim(const char *data_dir, const char *wal_dir, struct err *e)
{
	int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (dir < 0)
		return 0;
	if (faccessat(dir, "member/snap/" DB_LATER, F_OK, 0) == 0) {
		rc = drop_noted_wal(dir, data_dir, wal_dir, e);
		if (rc == 0)
			rc = stagedir_reclaim(data_dir, e);
	}
	(void)close(dir);
	return rc;
}

int layout_open(struct layout *l, const char *data_dir, const char *wal_dir,
                struct err *e)
{
	l->apart = wal_dir != NULL;
	if (reclaim(data_dir, wal_dir, e) < 0 ||
	    stagedir_open(&l->data, data_dir, e) < 0 ||
	    own(l, l->data.dir, data_dir, e) < 0 ||
	    make_folder(l, l->data.dir, "member", &l->member, e) < 0 ||
	    make_folder(l, l->member, "snap", &l->snap, e) < 0)
		return -1;
	if (!l->apart) {
		if (make_folder(l, l->member, "wal", &l->wal_dir, e) < 0)
			return -1;
	} else {
		if (stagedir_open(&l->wal, wal_dir, e) < 0 ||
		    own(l, l->wal.dir, wal_dir, e) < 0)
			return -1;
		l->wal_dir = l->wal.dir;
	}
	return make_file(l, l->snap, l->apart ? DB_LATER : DB, &l->db, e);
}

/* ---- the raft side ---- */

static int put_file(int fd, const char *name, const struct buf *b,
                    struct err *e)
{
	struct outfile out = OUTFILE_INIT;
	int rc = outfile_open(&out, fd, 0, name, e);

	if (rc == 0)
		rc = outfile_append(&out, b->data, b->len, e);
	if (rc == 0)
		rc = outfile_sync(&out, e);
	outfile_close(&out);
	return rc;
}

/* etcd makes its segments as large as they may become, to write faster. */
static int give_room(int fd, struct err *e)
{
	if (fallocate(fd, 0, 0, WAL_SEGMENT) == 0)
		return 0;
	if (errno != EOPNOTSUPP || ftruncate(fd, WAL_SEGMENT) < 0)
		return err_sys(e, "cannot make room for the log");
	return 0;
}

static int put_wal(struct layout *l, const struct members *m,
                   const struct members_one *self, struct err *e)
{
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	char name[WAL_NAME_LEN + 1];
	int rc;

	wal_name(0, 0, name);
	rc = bootstrap_wal(m, self, &b, e);
	if (rc == 0)
		rc = make_file(l, l->wal_dir, name, &l->wal_fd, e);
	if (rc == 0)
		rc = give_room(l->wal_fd, e);
	if (rc == 0)
		rc = put_file(l->wal_fd, name, &b, e);
	buf_close(&b);
	return rc;
}

static int put_snap(struct layout *l, const struct members *m, struct err *e)
{
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	char name[SNAPFILE_NAME_LEN + 1];
	int rc;

	snapfile_name(BOOTSTRAP_TERM, bootstrap_index(m), name);
	rc = bootstrap_snap(m, &b, e);
	if (rc == 0)
		rc = make_file(l, l->snap, name, &l->snap_fd, e);
	if (rc == 0)
		rc = put_file(l->snap_fd, name, &b, e);
	buf_close(&b);
	return rc;
}

static int put_note(struct layout *l, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_LINE);
	struct stat st;
	int fd = -1, rc;

	if (fstat(l->wal_fd, &st) < 0)
		return err_sys(e, "cannot look at the log");
	buf_printf(&b, "%ju %ju\n", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	rc = buf_check(&b, e);
	if (rc == 0)
		rc = make_file(l, l->snap, WAL_NOTE, &fd, e);
	if (rc == 0)
		rc = put_file(fd, WAL_NOTE, &b, e);
	if (fd >= 0)
		(void)close(fd);
	buf_close(&b);
	return rc;
}

int layout_put_raft(struct layout *l, const struct members *m,
                    const struct members_one *self, struct err *e)
{
	if (put_wal(l, m, self, e) < 0 || put_snap(l, m, e) < 0 ||
	    (l->apart && put_note(l, e) < 0))
		return -1;
	return bootstrap_verify(m, self, l->wal_fd, l->snap_fd, e);
}

/* ---- in place ---- */

static int sync_folder(int fd, const char *name, struct err *e)
{
	return fsync(fd) < 0 ? err_sys(e, "cannot sync folder '%s'", name) : 0;
}

static int publish_apart(struct layout *l, struct err *e)
{
	/* The order is the promise; see the header. */
	if (stagedir_publish(&l->data, e) < 0 ||
	    stagedir_publish(&l->wal, e) < 0)
		return -1;
	if (renameat2(l->snap, DB_LATER, l->snap, DB, RENAME_NOREPLACE) < 0)
		return err_sys(e, "cannot publish '%s/member/snap/db'",
		               l->data.path);
	(void)unlinkat(l->snap, WAL_NOTE, 0);
	return sync_folder(l->snap, "snap", e);
}

int layout_publish(struct layout *l, struct err *e)
{
	if (sync_folder(l->snap, "snap", e) < 0 ||
	    sync_folder(l->wal_dir, "wal", e) < 0 ||
	    sync_folder(l->member, "member", e) < 0)
		return -1;
	return l->apart ? publish_apart(l, e) : stagedir_publish(&l->data, e);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void layout_close(struct layout *l)
{
	if (l->apart)
		l->wal_dir = -1;        /* it is l->wal's */
	close_fd(&l->db);
	close_fd(&l->wal_fd);
	close_fd(&l->snap_fd);
	close_fd(&l->snap);
	close_fd(&l->wal_dir);
	close_fd(&l->member);
	stagedir_close(&l->data);
	stagedir_close(&l->wal);
}
