#include "base/stagedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH = 8 };

/* ---- folders ---- */

static _Bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int open_dir(int at, const char *name)
{
	return openat(at, name,
	              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int empty(int dir, unsigned depth, dev_t dev, struct err *e);

static int remove_one(int dir, const char *name, unsigned depth, dev_t dev,
                      struct err *e)
{
	struct stat st;
	int fd, rc;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "cannot remove '%s'", name);
	fd = open_dir(dir, name);
	if (fd < 0)
		return err_sys(e, "cannot open folder '%s'", name);
	if (fstat(fd, &st) < 0 || st.st_dev != dev || depth == DEPTH)
		rc = err_set(e, ERR_REFUSED, "'%s' is not removed: it is not "
		             "what a restore leaves", name);
	else
		rc = empty(fd, depth + 1, dev, e);
	(void)close(fd);
	if (rc == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0)
		return err_sys(e, "cannot remove folder '%s'", name);
	return rc;
}

/* Walk the folder `dir`; `one` is called for each name in it. */
static DIR *open_list(int dir, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		(void)err_sys(e, "cannot read a folder");
		if (fd >= 0)
			(void)close(fd);
	}
	return d;
}

static int empty(int dir, unsigned depth, dev_t dev, struct err *e)
{
	DIR *d = open_list(dir, e);
	const struct dirent *de;
	int rc = 0;

	if (d == NULL)
		return -1;
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (!is_dot(de->d_name))
			rc = remove_one(dir, de->d_name, depth, dev, e);
	(void)closedir(d);
	return rc;
}

int stagedir_empty(int dir, struct err *e)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_sys(e, "cannot look at a folder");
	return empty(dir, 0, st.st_dev, e);
}

/* ---- the final name ---- */

/* Nothing but what we, or mkfs, left there. */
static int check_empty(const struct stagedir *s, int dir, struct err *e)
{
	DIR *d = open_list(dir, e);
	const struct dirent *de;
	int rc = 0;

	if (d == NULL)
		return err_wrap(e, "'%s'", s->path);
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (!is_dot(de->d_name) && !(s->inside &&
		    (strcmp(de->d_name, s->part) == 0 ||
		     strcmp(de->d_name, "lost+found") == 0)))
			rc = err_set(e, ERR_REFUSED, "'%s' is not empty",
			             s->path);
	(void)closedir(d);
	return rc;
}

static _Bool is_mounted(int dir)
{
	struct statx x;

	return statx(dir, "", AT_EMPTY_PATH, STATX_TYPE, &x) == 0 &&
	       (x.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Links in the path are resolved once, here. */
static int resolve(struct stagedir *s, const char *path, _Bool *exists,
                   struct err *e)
{
	char copy[PATH_MAX], parent[PATH_MAX], *slash;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(copy))
		return err_set(e, ERR_USAGE, "not a folder name: '%.100s'",
		               path);
	*exists = realpath(path, s->path) != NULL;
	if (*exists)
		return 0;
	if (errno != ENOENT)
		return err_sys(e, "cannot look at '%s'", path);
	(void)memcpy(copy, path, n + 1);
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	slash = strrchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	if (realpath(slash == NULL ? "." : slash == copy ? "/" : copy,
	             parent) == NULL)
		return err_sys(e, "cannot look at the folder of '%s'", path);
	n = strlen(parent);
	if (n + strlen(slash == NULL ? copy : slash + 1) + 2 >
	    sizeof(s->path))
		return err_set(e, ERR_USAGE, "too long: '%.100s'", path);
	(void)memcpy(s->path, parent, n);
	(void)snprintf(s->path + n, sizeof(s->path) - n, "%s%s",
	               parent[n - 1] == '/' ? "" : "/",
	               slash == NULL ? copy : slash + 1);
	return 0;
}

static int busy(const struct stagedir *s, struct err *e)
{
	return err_set(e, ERR_BUSY, "another restore to '%s' is running",
	               s->path);
}

static int lock(const struct stagedir *s, int dir, struct err *e)
{
	if (flock(dir, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return busy(s, e);
	return err_sys(e, "cannot lock the folder of '%s'", s->path);
}

static int open_parent(struct stagedir *s, _Bool exists, struct err *e)
{
	char parent[PATH_MAX];
	const char *name = strrchr(s->path, '/') + 1;
	int fd = -1;

	if (name[0] == '\0' || is_dot(name) ||
	    strlen(name) > STAGEDIR_NAME_MAX)
		return err_set(e, ERR_USAGE, "not a folder that can be made: "
		               "'%.100s'", s->path);
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	(void)snprintf(s->part, sizeof(s->part), ".%s.lifeboat-part", name);
	(void)snprintf(parent, sizeof(parent), "%.*s",
	               (int)(name - s->path), s->path);
	if (exists) {
		fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(e, "cannot open folder '%s'", s->path);
		s->inside = is_mounted(fd);
		if (!s->taking_back && check_empty(s, fd, e) < 0) {
			(void)close(fd);
			return -1;
		}
	}
	if (s->inside) {
		s->parent = fd;
		return lock(s, fd, e);
	}
	if (fd >= 0)
		(void)close(fd);
	s->parent = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->parent < 0)
		return err_sys(e, "cannot open folder '%s'", parent);
	return 0;
}

/* ---- the part ---- */

static int lock_part(struct stagedir *s, struct err *e)
{
	struct stat mine, named;

	s->dir = open_dir(s->parent, s->part);
	if (s->dir < 0)
		return err_sys(e, "cannot open folder '%s'", s->part);
	if (lock(s, s->dir, e) < 0) {
		(void)close(s->dir);
		s->dir = -1;
		return -1;
	}
	/* Another run may have published or removed it before we had it. */
	if (fstat(s->dir, &mine) == 0 &&
	    fstatat(s->parent, s->part, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    mine.st_ino == named.st_ino && mine.st_dev == named.st_dev)
		return 0;
	(void)close(s->dir);
	s->dir = -1;
	return busy(s, e);
}

int stagedir_open(struct stagedir *s, const char *path, struct err *e)
{
	_Bool exists;

	if (resolve(s, path, &exists, e) < 0 || open_parent(s, exists, e) < 0)
		return -1;
	if (mkdirat(s->parent, s->part, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make a folder beside '%s'", s->path);
	if (lock_part(s, e) < 0)
		return -1;
	if (stagedir_empty(s->dir, e) < 0)
		return err_wrap(e, "what an earlier run left of '%s'", s->path);
	if (fchmod(s->dir, 0700) < 0)
		return err_sys(e, "cannot set the mode of '%s'", s->part);
	return 0;
}

/* The one name that the part holds. */
static int only_entry(const struct stagedir *s, char *out, size_t size,
                      struct err *e)
{
	DIR *d = open_list(s->dir, e);
	const struct dirent *de;
	unsigned n = 0;

	if (d == NULL)
		return -1;
	while ((de = readdir(d)) != NULL)
		if (!is_dot(de->d_name) && n++ == 0)
			(void)snprintf(out, size, "%s", de->d_name);
	(void)closedir(d);
	return n == 1 ? 0 : err_set(e, ERR_REFUSED, "'%s' is a mounted file "
	                            "system: only one entry can be put into it",
	                            s->path);
}

static int publish_inside(struct stagedir *s, struct err *e)
{
	char name[NAME_MAX + 1];

	if (only_entry(s, name, sizeof(name), e) < 0)
		return -1;
	if (renameat2(s->dir, name, s->parent, name, RENAME_NOREPLACE) < 0)
		return err_sys(e, "cannot publish '%s/%s'", s->path, name);
	s->published = 1;
	(void)unlinkat(s->parent, s->part, AT_REMOVEDIR);
	return 0;
}

int stagedir_publish(struct stagedir *s, struct err *e)
{
	if (fsync(s->dir) < 0)
		return err_sys(e, "cannot sync the folder of '%s'", s->path);
	if (s->inside) {
		if (publish_inside(s, e) < 0)
			return -1;
	} else {
		/* An empty folder of that name gives way, no other does. */
		if (renameat(s->parent, s->part, s->parent, s->name) < 0) {
			if (errno == ENOTEMPTY || errno == EEXIST)
				return err_set(e, ERR_REFUSED,
				               "'%s' is not empty", s->path);
			return err_sys(e, "cannot publish '%s'", s->path);
		}
		s->published = 1;
	}
	if (fsync(s->parent) < 0)
		return err_sys(e, "cannot sync the folder of '%s'", s->path);
	return 0;
}

/* Move what lies in `s->parent`, the final folder, into the part. */
static int take_back_inside(struct stagedir *s, struct err *e)
{
	DIR *d;
	const struct dirent *de;
	int rc = 0;

	if (mkdirat(s->parent, s->part, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make a folder in '%s'", s->path);
	if (lock_part(s, e) < 0 || stagedir_empty(s->dir, e) < 0)
		return -1;
	d = open_list(s->parent, e);
	if (d == NULL)
		return -1;
	while (rc == 0 && (de = readdir(d)) != NULL)
		if (!is_dot(de->d_name) && strcmp(de->d_name, s->part) != 0 &&
		    strcmp(de->d_name, "lost+found") != 0 &&
		    renameat(s->parent, de->d_name, s->dir, de->d_name) < 0)
			rc = err_sys(e, "cannot move '%s/%s' away", s->path,
			             de->d_name);
	(void)closedir(d);
	return rc;
}

/* A part of a run before: in the way of the one that comes now. */
static int drop_part(struct stagedir *s, struct err *e)
{
	if (lock_part(s, e) < 0 || stagedir_empty(s->dir, e) < 0)
		return -1;
	if (unlinkat(s->parent, s->part, AT_REMOVEDIR) < 0)
		return err_sys(e, "cannot remove folder '%s'", s->part);
	return 0;
}

static int take_back(struct stagedir *s, struct err *e)
{
	int dir = open_dir(s->parent, s->name);
	int rc = dir < 0 ? err_sys(e, "cannot open folder '%s'", s->path)
	                 : lock(s, dir, e);

	if (rc == 0 && faccessat(s->parent, s->part, F_OK, 0) == 0)
		rc = drop_part(s, e);
	if (rc == 0 && renameat2(s->parent, s->name, s->parent, s->part,
	                         RENAME_NOREPLACE) < 0)
		rc = err_sys(e, "cannot move '%s' away", s->path);
	if (rc == 0 && fsync(s->parent) < 0)
		rc = err_sys(e, "cannot sync the folder of '%s'", s->path);
	if (dir >= 0)
		(void)close(dir);
	return rc;
}

int stagedir_reclaim(const char *path, struct err *e)
{
	struct stagedir s = STAGEDIR_INIT;
	_Bool exists;
	int rc = -1;

	s.taking_back = 1;
	if (resolve(&s, path, &exists, e) == 0 &&
	    open_parent(&s, exists, e) == 0)
		rc = !exists ? err_set(e, ERR_MISSING, "there is no '%s'", path)
		     : s.inside ? take_back_inside(&s, e) : take_back(&s, e);
	/* Keep the part: it is for the next stagedir_open() to remove. */
	s.published = 1;
	stagedir_close(&s);
	return rc;
}

void stagedir_close(struct stagedir *s)
{
	struct err ignored;

	if (s->dir >= 0 && !s->published &&
	    stagedir_empty(s->dir, &ignored) == 0)
		(void)unlinkat(s->parent, s->part, AT_REMOVEDIR);
	if (s->dir >= 0)
		(void)close(s->dir);
	if (s->parent >= 0)
		(void)close(s->parent);
	*s = (struct stagedir)STAGEDIR_INIT;
}
