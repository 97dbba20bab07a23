#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static int read_all(int fd, const char *path, struct buf *text, struct err *e)
{
	for (;;) {
		size_t room = text->max - text->len;
		char *p = buf_reserve(text, room < PIECE ? room : PIECE);
		char one;
		ssize_t n;

		if (p == NULL)
			return buf_check(text, e);
		n = read(fd, room > 0 ? p : &one,
		         room == 0 ? 1 : room < PIECE ? room : PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", path);
		if (n == 0)
			return 0;
		if (room == 0)
			return err_set(e, ERR_REFUSED, "'%s' is larger than "
			               "%zu bytes", path, text->max);
		text->len += (size_t)n;
		text->data[text->len] = '\0';
	}
}

static int open_regular(const char *path, struct stat *st, struct err *e)
{
	/* O_NONBLOCK: a FIFO put in our way must not make us wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		int missing = errno == ENOENT;

		(void)err_sys(e, "cannot open '%s'", path);
		if (missing)
			e->kind = ERR_MISSING;
		return -1;
	}
	if (fstat(fd, st) < 0) {
		(void)err_sys(e, "cannot read '%s'", path);
		(void)close(fd);
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		(void)close(fd);
		return err_set(e, ERR_USAGE, "'%s' is not a file", path);
	}
	return fd;
}

int file_read(const char *path, struct buf *text, struct err *e)
{
	struct stat st;
	int fd = open_regular(path, &st, e), rc;

	if (fd < 0)
		return -1;
	rc = read_all(fd, path, text, e);
	(void)close(fd);
	return rc;
}

int file_read_secret(const char *path, struct buf *text, struct err *e)
{
	struct stat st;
	int fd = open_regular(path, &st, e), rc;

	if (fd < 0)
		return -1;
	if ((st.st_mode & 077) != 0) {
		(void)close(fd);
		(void)err_set(e, ERR_USAGE, "'%s' may be read by others than "
		              "its owner", path);
		return err_hint(e, "chmod 600 '%s'", path);
	}
	rc = read_all(fd, path, text, e);
	(void)close(fd);
	while (rc == 0 && text->len > 0 &&
	       (text->data[text->len - 1] == '\n' ||
	        text->data[text->len - 1] == '\r'))
		text->data[--text->len] = '\0';
	return rc;
}

void file_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_close(b);
}
