#include "store/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stage.h"

enum { PIN_ROOM = STORE_NAME_MAX + 8 };

struct folder {
	struct store s;                 /* first: a store is one of these */
	int fd;
};

static int fd_of(const struct store *s)
{
	return ((const struct folder *)s)->fd;
}

static _Bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n > m && strcmp(s + n - m, with) == 0;
}

_Bool folder_is_pin(const char *name)
{
	return name[0] == '.' && strlen(name) > 5 && ends(name, ".pin");
}

static _Bool is_ours(const char *name)
{
	if (name[0] == '.')
		return stage_is_leftover(name);
	return ends(name, ".tar.zst") || ends(name, ".zip") ||
	       ends(name, ".db") || ends(name, "_etcd");
}

/* The pin's name; false when it would be too long to exist. */
static _Bool pin_name(const char *name, char out[PIN_ROOM])
{
	int n = snprintf(out, PIN_ROOM, ".%s.pin", name);

	return n <= STORE_NAME_MAX;
}

/* When in doubt it is: a pinned file is never removed. */
static _Bool is_pinned(int fd, const char *name)
{
	char pin[PIN_ROOM];
	struct stat st;

	return pin_name(name, pin) &&
	       (fstatat(fd, pin, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
	        errno != ENOENT);
}

static enum store_type type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return STORE_FILE;
	if (S_ISDIR(mode))
		return STORE_FOLDER;
	return S_ISLNK(mode) ? STORE_LINK : STORE_SPECIAL;
}

static int look(int fd, const char *name, struct store_item *out,
                struct err *e)
{
	struct stat st;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return err_set(e, ERR_MISSING, "there is no '%s'",
			               name);
		return err_sys(e, "cannot look at '%s'", name);
	}
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->type = type_of(st.st_mode);
	out->size = (uint64_t)st.st_size;
	out->mtime = st.st_mtime;
	out->pinned = is_pinned(fd, name);
	return 0;
}

static int item(struct store *s, const char *name, struct store_item *out,
                struct err *e)
{
	return look(fd_of(s), name, out, e);
}

/* One entry of the folder; what vanished meanwhile is left out. */
static int add(struct folder *f, struct store_list *l, const char *name,
               struct err *e)
{
	struct store_item *p;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	p = store_list_add(l, e);
	if (p == NULL)
		return -1;
	if (look(f->fd, name, p, e) == 0)
		return 0;
	l->count--;
	return e->kind == ERR_MISSING ? 0 : -1;
}

static int list(struct store *s, struct store_list *out, struct err *e)
{
	struct folder *f = (struct folder *)s;
	int rc = 0, fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *de;

	if (d == NULL) {
		(void)err_sys(e, "cannot read the snapshot folder");
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	errno = 0;
	while (rc == 0 && (de = readdir(d)) != NULL) {
		rc = add(f, out, de->d_name, e);
		errno = 0;
	}
	if (rc == 0 && errno != 0)
		rc = err_sys(e, "cannot read the snapshot folder");
	(void)closedir(d);
	return rc;
}

static int open_file(struct store *s, const char *name, int *out_fd,
                     struct err *e)
{
	int fd = openat(fd_of(s), name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	                O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_MISSING, "there is no '%s'", name);
	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return err_set(e, ERR_REFUSED, "'%s' is not a regular file",
		               name);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return err_set(e, ERR_REFUSED, "'%s' is not a regular file",
		               name);
	}
	*out_fd = fd;
	return 0;
}

static int sync_folder(int fd, struct err *e)
{
	if (fsync(fd) < 0)
		return err_sys(e, "cannot sync the snapshot folder");
	return 0;
}

static int drop(struct store *s, const char *name, struct err *e)
{
	struct store_item i;

	if (look(fd_of(s), name, &i, e) < 0)
		return -1;
	if (i.type != STORE_FILE || !is_ours(name))
		return err_set(e, ERR_REFUSED, "'%s' is not a snapshot: it is "
		               "not removed", name);
	if (i.pinned)
		return err_set(e, ERR_REFUSED, "'%s' is pinned", name);
	if (unlinkat(fd_of(s), name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", name);
	return sync_folder(fd_of(s), e);
}

static int pin_on(int fd, const char *pin, const char *name, struct err *e)
{
	struct store_item i;
	int rc = 0, p;

	if (look(fd, name, &i, e) < 0)
		return -1;
	if (i.type != STORE_FILE || !is_ours(name) || stage_is_leftover(name))
		return err_set(e, ERR_REFUSED, "'%s' is not a snapshot", name);
	p = openat(fd, pin, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (p < 0)
		return err_sys(e, "cannot pin '%s'", name);
	if (fsync(p) < 0)
		rc = err_sys(e, "cannot sync the pin of '%s'", name);
	(void)close(p);
	return rc;
}

static int set_pin(struct store *s, const char *name, _Bool on, struct err *e)
{
	char pin[PIN_ROOM];
	int fd = fd_of(s);

	if (!pin_name(name, pin))
		return err_set(e, ERR_USAGE, "the name '%s' is too long to be "
		               "pinned", name);
	if (on && pin_on(fd, pin, name, e) < 0)
		return -1;
	if (!on && unlinkat(fd, pin, 0) < 0) {
		struct store_item i;

		if (errno != ENOENT)
			return err_sys(e, "cannot unpin '%s'", name);
		/* Not pinned is fine, but not for a name that is wrong. */
		if (look(fd, name, &i, e) < 0)
			return -1;
	}
	return sync_folder(fd, e);
}

static void release(struct store *s)
{
	(void)close(fd_of(s));
	free(s);
}

static const struct store_ops ops = {
	.list = list, .stat = item, .open = open_file, .remove = drop,
	.pin = set_pin, .close = release,
};

int folder_open(struct store **out, const char *path, struct err *e)
{
	struct folder *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return err_nomem(e);
	f->s.ops = &ops;
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0) {
		(void)err_sys(e, "cannot open folder '%s'", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		free(f);
		return -1;
	}
	*out = &f->s;
	return 0;
}
