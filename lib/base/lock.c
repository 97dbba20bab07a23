#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { TEXT = 64 };                     /* "<pid> <time>\n" */

/* Read who holds it; what stands there may be anything. */
static _Bool read_holder(int fd, long *pid, char since[CLOCK_TEXT])
{
	char text[TEXT], *end, *line;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	int64_t ns;
	struct err ignored;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	errno = 0;
	*pid = strtol(text, &end, 10);
	line = strchr(text, '\n');
	if (errno != 0 || *pid <= 0 || *pid > INT_MAX || *end != ' ' ||
	    line == NULL)
		return 0;
	*line = '\0';
	if (clock_parse(end + 1, &ns, &ignored) < 0)
		return 0;
	clock_format_utc(ns, since);
	return 1;
}

static int say_busy(int fd, const char *dir, struct err *e)
{
	char since[CLOCK_TEXT];
	long pid;

	/* The holder may not have written yet. */
	if (!read_holder(fd, &pid, since))
		return err_set(e, ERR_BUSY, "'%s' is in use by another process",
		               dir);
	return err_set(e, ERR_BUSY, "'%s' is in use by process %ld since %s",
	               dir, pid, since);
}

/* For the message alone: a full disk must not stop the run that frees it. */
static void write_holder(int fd)
{
	char text[TEXT], now[CLOCK_TEXT];
	int len;

	clock_format_utc(clock_wall_ns(), now);
	len = snprintf(text, sizeof(text), "%ld %s\n", (long)getpid(), now);
	/* Empty at first: a reader in between sees nobody, not the last one. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) != len)
		(void)!ftruncate(fd, 0);
}

int lock_take(struct lock *l, const char *dir, const char *name,
              struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, n, rc = -1;

	n = snprintf(path, sizeof(path), "%s/.%s.lock", dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, ERR_USAGE, "the path '%.200s...' is too long",
		               dir);
	/* O_NONBLOCK: a FIFO put in our way must not make us wait. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	          0600);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		(void)err_sys(e, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode))
		(void)err_set(e, ERR_REFUSED, "'%s' is not a file", path);
	else if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		rc = 0;
	else if (errno == EWOULDBLOCK)
		(void)say_busy(fd, dir, e);
	else
		(void)err_sys(e, "cannot lock '%s'", path);
	if (rc < 0) {
		(void)close(fd);
		return -1;
	}
	write_holder(fd);
	l->fd = fd;
	return 0;
}

void lock_drop(struct lock *l)
{
	if (l->fd < 0)
		return;
	/* Closing would do, unless a child holds a copy. */
	(void)flock(l->fd, LOCK_UN);
	(void)close(l->fd);
	l->fd = -1;
}

void lock_forget(struct lock *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}
