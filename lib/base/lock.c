#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

static int busy(int fd, const char *dir, struct err *e)
{
	char who[96] = "another process";
	ssize_t n = pread(fd, who, sizeof(who) - 1, 0);

	if (n > 0)
		who[n] = '\0';
	who[strcspn(who, "\n")] = '\0';
	return err_set(e, ERR_BUSY, "'%s' is in use by %s", dir, who);
}

/* Who we are, for others' messages; that it may be lost is no harm. */
static void sign(int fd)
{
	char text[96], time[CLOCK_TEXT];
	int n;

	clock_format_utc(clock_wall_ns(), time);
	n = snprintf(text, sizeof(text), "process %ld since %s\n",
	             (long)getpid(), time);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

int lock_take(struct lock *l, const char *dir, const char *name, struct err *e)
{
	char path[4096];
	int fd, n = snprintf(path, sizeof(path), "%s/.%s.lock", dir, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(e, ERR_USAGE, "path too long: '%.64s...'", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	          0600);
	if (fd < 0)
		return err_sys(e, "cannot open the lock '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			(void)busy(fd, dir, e);
		else
			(void)err_sys(e, "cannot lock '%s'", path);
		(void)close(fd);
		return -1;
	}
	sign(fd);
	l->fd = fd;
	return 0;
}

void lock_drop(struct lock *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	*l = (struct lock)LOCK_INIT;
}
