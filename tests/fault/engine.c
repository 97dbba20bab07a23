#include "engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct engine_shared *engine_armed;
static struct engine_call spare;        /* when there are too many */

static struct engine_call *current(void)
{
	unsigned n = engine_armed->n;

	return n > 0 && n <= ENGINE_CALLS_MAX ? &engine_armed->call[n - 1] :
	                                        &spare;
}

int engine_step(const char *name, enum engine_kind kind, const int *faults)
{
	struct engine_call *c;
	unsigned k;

	if (engine_armed == NULL)
		return 0;
	k = engine_armed->n++;
	if (k == engine_armed->fail_at && engine_armed->fault == 0)
		_exit(ENGINE_CRASHED);
	c = current();
	c->name = name;
	c->kind = kind;
	c->faults = faults;
	c->done = 0;
	c->path[0] = c->from[0] = '\0';
	return k == engine_armed->fail_at ? engine_armed->fault : 0;
}

static void fd_path(int fd, char *out)
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, ENGINE_PATH - 1);
	out[n < 0 ? 0 : n] = '\0';
}

/* The absolute form of `path`; our tests have no links or dots in theirs. */
static void full_path(int dirfd, const char *path, char *out)
{
	size_t n = 0;

	out[0] = '\0';
	if (path[0] != '/') {
		if (dirfd != AT_FDCWD)
			fd_path(dirfd, out);
		else if (getcwd(out, ENGINE_PATH) == NULL)
			out[0] = '\0';
		n = strlen(out);
		(void)snprintf(out + n, ENGINE_PATH - n, "/%s", path);
	} else {
		(void)snprintf(out, ENGINE_PATH, "%s", path);
	}
	for (n = strlen(out); n > 1 && out[n - 1] == '/'; n--)
		out[n - 1] = '\0';
}

/* The notes leave errno as the caller has it. */
void engine_on_fd(int fd)
{
	int saved = errno;

	if (engine_armed != NULL)
		fd_path(fd, current()->path);
	errno = saved;
}

void engine_on_path(int dirfd, const char *path)
{
	int saved = errno;

	if (engine_armed != NULL)
		full_path(dirfd, path, current()->path);
	errno = saved;
}

void engine_from_path(int dirfd, const char *path)
{
	int saved = errno;

	if (engine_armed != NULL)
		full_path(dirfd, path, current()->from);
	errno = saved;
}

void engine_done(_Bool ok)
{
	if (engine_armed != NULL)
		current()->done = ok;
}
