#include "base/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Write-back starts this many bytes behind, so that the final fsync has little
 * left to do and the page cache is not filled with our dirty pages. */
enum { STAGE_FLUSH = 8 << 20 };

int stage_open(struct stage *s, const char *dir, const char *name, mode_t mode,
               struct err *e)
{
	size_t n = strlen(name);

	if (n > STAGE_NAME_MAX)
		return err_set(e, ERR_USAGE, "file name too long: '%s'", name);
	if (n == 0 || strchr(name, '/') != NULL)
		return err_set(e, ERR_USAGE, "not a file name: '%s'", name);
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	(void)snprintf(s->part, sizeof(s->part), ".%s.part", name);
	s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return err_sys(e, "cannot open folder '%s'", dir);
	s->fd = openat(s->dirfd, s->part,
	               O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	               mode);
	if (s->fd < 0)
		return err_sys(e, "cannot create '%s/%s'", dir, s->part);
	return 0;
}

int stage_write(struct stage *s, const void *data, size_t len, struct err *e)
{
	uint64_t before = s->size / STAGE_FLUSH;

	for (const char *p = data; len > 0; ) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write '%s'", s->name);
		p += n;
		len -= (size_t)n;
		s->size += (uint64_t)n;
	}
	/* A hint only: its failure shows again in fsync, where it counts. */
	if (s->size / STAGE_FLUSH > before)
		(void)sync_file_range(s->fd, (off_t)(before * STAGE_FLUSH),
		                      STAGE_FLUSH, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int stage_sync(struct stage *s, struct err *e)
{
	if (fsync(s->fd) < 0)
		return err_sys(e, "cannot sync '%s'", s->name);
	return 0;
}

static int publish(struct stage *s, unsigned flags, const char *name,
                   struct err *e)
{
	/* The order is the promise: bytes, then the name, then its folder. */
	if (stage_sync(s, e) < 0)
		return -1;
	if (renameat2(s->dirfd, s->part, s->dirfd, name, flags) < 0) {
		if (errno == EEXIST)
			return err_set(e, ERR_REFUSED, "'%s' exists", name);
		return err_sys(e, "cannot publish '%s'", name);
	}
	s->part[0] = '\0';
	if (fsync(s->dirfd) < 0)
		return err_sys(e, "cannot sync the folder of '%s'", name);
	return 0;
}

int stage_publish(struct stage *s, struct err *e)
{
	return publish(s, 0, s->name, e);
}

int stage_publish_as(struct stage *s, const char *name, struct err *e)
{
	if (strlen(name) > STAGE_NAME_MAX || name[0] == '\0' ||
	    strchr(name, '/') != NULL)
		return err_set(e, ERR_USAGE, "not a file name: '%s'", name);
	return publish(s, RENAME_NOREPLACE, name, e);
}

void stage_close(struct stage *s)
{
	if (s->fd >= 0 && s->part[0] != '\0')
		(void)unlinkat(s->dirfd, s->part, 0);
	if (s->fd >= 0)
		(void)close(s->fd);
	if (s->dirfd >= 0)
		(void)close(s->dirfd);
	*s = (struct stage)STAGE_INIT;
}

_Bool stage_is_leftover(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && name[0] == '.' && strcmp(name + n - 5, ".part") == 0;
}
