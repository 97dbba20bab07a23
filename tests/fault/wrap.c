/* One wrapper a call.  The Makefile reads their names from this file and asks
 * the linker to send the calls of our objects here.  Every wrapper announces
 * the call, says on which file it works, and then makes it or fails. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"

/* The real calls, by the linker's naming; our definitions need prototypes. */
#define CALL(ret, name, ...) \
	ret __real_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__); \
	ret __wrap_##name(__VA_ARGS__)

static const int on_open[] = { EMFILE, EACCES, 0 };
static const int on_read[] = { EIO, EINTR, TORTURE_SHORT, 0 };
static const int on_write[] = { ENOSPC, EIO, EINTR, TORTURE_SHORT, 0 };
static const int on_space[] = { ENOSPC, EIO, 0 };
static const int on_name[] = { EIO, ENOSPC, 0 };
static const int on_any[] = { EIO, 0 };
static const int on_memory[] = { ENOMEM, 0 };

/* 0: go on; else errno is set and the call fails. */
static int fails(int fault)
{
	if (fault > 0)
		errno = fault;
	return fault > 0;
}

static size_t part(int fault, size_t len)
{
	return fault == TORTURE_SHORT && len > 1 ? len / 2 : len;
}

static int told(int rc)
{
	engine_done(rc >= 0);
	return rc;
}

static ssize_t told_size(ssize_t rc)
{
	engine_done(rc >= 0);
	return rc;
}

static enum engine_kind opening(int flags)
{
	return (flags & O_CREAT) != 0 ? ENGINE_CREATE : ENGINE_OTHER;
}

static mode_t mode_of(int flags, va_list ap)
{
	if ((flags & O_CREAT) == 0 && (flags & O_TMPFILE) != O_TMPFILE)
		return 0;
	return va_arg(ap, mode_t);
}

CALL(int, open, const char *path, int flags, ...)
{
	int fault = engine_step("open", opening(flags), on_open);
	mode_t mode;
	va_list ap;

	engine_on_path(AT_FDCWD, path);
	if (fails(fault))
		return -1;
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return told(__real_open(path, flags, mode));
}

CALL(int, openat, int dirfd, const char *path, int flags, ...)
{
	int fault = engine_step("openat", opening(flags), on_open);
	mode_t mode;
	va_list ap;

	engine_on_path(dirfd, path);
	if (fails(fault))
		return -1;
	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return told(__real_openat(dirfd, path, flags, mode));
}

CALL(FILE *, fopen, const char *path, const char *mode)
{
	int fault = engine_step("fopen", ENGINE_OTHER, on_open);
	FILE *f;

	engine_on_path(AT_FDCWD, path);
	if (fails(fault))
		return NULL;
	f = __real_fopen(path, mode);
	engine_done(f != NULL);
	return f;
}

CALL(ssize_t, read, int fd, void *p, size_t len)
{
	int fault = engine_step("read", ENGINE_OTHER, on_read);

	engine_on_fd(fd);
	if (fails(fault))
		return -1;
	return told_size(__real_read(fd, p, part(fault, len)));
}

CALL(ssize_t, pread, int fd, void *p, size_t len, off_t at)
{
	int fault = engine_step("pread", ENGINE_OTHER, on_read);

	engine_on_fd(fd);
	if (fails(fault))
		return -1;
	return told_size(__real_pread(fd, p, part(fault, len), at));
}

CALL(ssize_t, write, int fd, const void *p, size_t len)
{
	int fault = engine_step("write", ENGINE_WRITE, on_write);

	engine_on_fd(fd);
	if (fails(fault))
		return -1;
	return told_size(__real_write(fd, p, part(fault, len)));
}

CALL(ssize_t, pwrite, int fd, const void *p, size_t len, off_t at)
{
	int fault = engine_step("pwrite", ENGINE_WRITE, on_write);

	engine_on_fd(fd);
	if (fails(fault))
		return -1;
	return told_size(__real_pwrite(fd, p, part(fault, len), at));
}

CALL(ssize_t, copy_file_range, int in, off_t *in_at, int out, off_t *out_at,
     size_t len, unsigned flags)
{
	int fault = engine_step("copy_file_range", ENGINE_WRITE, on_write);

	engine_on_fd(out);
	if (fails(fault))
		return -1;
	return told_size(__real_copy_file_range(in, in_at, out, out_at,
	                                        part(fault, len), flags));
}

CALL(int, ftruncate, int fd, off_t len)
{
	int fault = engine_step("ftruncate", ENGINE_WRITE, on_space);

	engine_on_fd(fd);
	return fails(fault) ? -1 : told(__real_ftruncate(fd, len));
}

CALL(int, fallocate, int fd, int mode, off_t at, off_t len)
{
	int fault = engine_step("fallocate", ENGINE_HINT, on_space);

	engine_on_fd(fd);
	return fails(fault) ? -1 : told(__real_fallocate(fd, mode, at, len));
}

CALL(int, sync_file_range, int fd, off_t at, off_t len, unsigned flags)
{
	int fault = engine_step("sync_file_range", ENGINE_HINT, on_any);

	engine_on_fd(fd);
	if (fails(fault))
		return -1;
	return told(__real_sync_file_range(fd, at, len, flags));
}

CALL(int, fsync, int fd)
{
	int fault = engine_step("fsync", ENGINE_SYNC, on_space);

	engine_on_fd(fd);
	return fails(fault) ? -1 : told(__real_fsync(fd));
}

CALL(int, fdatasync, int fd)
{
	int fault = engine_step("fdatasync", ENGINE_SYNC, on_space);

	engine_on_fd(fd);
	return fails(fault) ? -1 : told(__real_fdatasync(fd));
}

CALL(int, rename, const char *from, const char *to)
{
	int fault = engine_step("rename", ENGINE_NAME, on_name);

	engine_from_path(AT_FDCWD, from);
	engine_on_path(AT_FDCWD, to);
	return fails(fault) ? -1 : told(__real_rename(from, to));
}

CALL(int, renameat, int fromfd, const char *from, int tofd, const char *to)
{
	int fault = engine_step("renameat", ENGINE_NAME, on_name);

	engine_from_path(fromfd, from);
	engine_on_path(tofd, to);
	if (fails(fault))
		return -1;
	return told(__real_renameat(fromfd, from, tofd, to));
}

CALL(int, renameat2, int fromfd, const char *from, int tofd, const char *to,
     unsigned flags)
{
	int fault = engine_step("renameat2", ENGINE_NAME, on_name);

	engine_from_path(fromfd, from);
	engine_on_path(tofd, to);
	if (fails(fault))
		return -1;
	return told(__real_renameat2(fromfd, from, tofd, to, flags));
}

CALL(int, linkat, int fromfd, const char *from, int tofd, const char *to,
     int flags)
{
	int fault = engine_step("linkat", ENGINE_NAME, on_name);

	engine_from_path(fromfd, from);
	engine_on_path(tofd, to);
	if (fails(fault))
		return -1;
	return told(__real_linkat(fromfd, from, tofd, to, flags));
}

CALL(int, unlink, const char *path)
{
	int fault = engine_step("unlink", ENGINE_REMOVE, on_any);

	engine_on_path(AT_FDCWD, path);
	return fails(fault) ? -1 : told(__real_unlink(path));
}

CALL(int, unlinkat, int dirfd, const char *path, int flags)
{
	int fault = engine_step("unlinkat", ENGINE_REMOVE, on_any);

	engine_on_path(dirfd, path);
	return fails(fault) ? -1 : told(__real_unlinkat(dirfd, path, flags));
}

CALL(int, mkdir, const char *path, mode_t mode)
{
	int fault = engine_step("mkdir", ENGINE_CREATE, on_space);

	engine_on_path(AT_FDCWD, path);
	return fails(fault) ? -1 : told(__real_mkdir(path, mode));
}

CALL(int, mkdirat, int dirfd, const char *path, mode_t mode)
{
	int fault = engine_step("mkdirat", ENGINE_CREATE, on_space);

	engine_on_path(dirfd, path);
	return fails(fault) ? -1 : told(__real_mkdirat(dirfd, path, mode));
}

/* Whoever looks may take it that there is nothing to be seen; what follows
 * from that is for the scenario's check. */
CALL(int, fstatat, int dirfd, const char *path, struct stat *st, int flags)
{
	int fault = engine_step("fstatat", ENGINE_HINT, on_any);

	engine_on_path(dirfd, path);
	return fails(fault) ? -1 : told(__real_fstatat(dirfd, path, st, flags));
}

/* Linux closes the descriptor also when close fails. */
CALL(int, close, int fd)
{
	int fault = engine_step("close", ENGINE_HINT, on_any);
	int rc = __real_close(fd);

	return fails(fault) ? -1 : told(rc);
}

CALL(void *, malloc, size_t n)
{
	int fault = engine_step("malloc", ENGINE_MEMORY, on_memory);

	return fails(fault) ? NULL : __real_malloc(n);
}

CALL(void *, calloc, size_t n, size_t each)
{
	int fault = engine_step("calloc", ENGINE_MEMORY, on_memory);

	return fails(fault) ? NULL : __real_calloc(n, each);
}

CALL(void *, realloc, void *p, size_t n)
{
	int fault = engine_step("realloc", ENGINE_MEMORY, on_memory);

	return fails(fault) ? NULL : __real_realloc(p, n);
}

CALL(char *, strdup, const char *s)
{
	int fault = engine_step("strdup", ENGINE_MEMORY, on_memory);

	return fails(fault) ? NULL : __real_strdup(s);
}

CALL(char *, strndup, const char *s, size_t n)
{
	int fault = engine_step("strndup", ENGINE_MEMORY, on_memory);

	return fails(fault) ? NULL : __real_strndup(s, n);
}
