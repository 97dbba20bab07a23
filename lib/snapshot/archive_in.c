#include "snapshot/archive_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/ahead.h"
#include "snapshot/frames.h"
#include "snapshot/member.h"
#include "snapshot/tail.h"
#include "snapshot/tarball.h"

enum {
	BLOCK = 256 << 10,
	DRAIN_MAX = 1 << 20,            /* padding after the end of a tar */
};

struct archive_in {
	enum archive_in_form form;
	int fd;
	_Bool owned;                    /* close `fd` */
	uint64_t at, size;              /* in the file, where we read it */
	char *data;
	struct frames_in *f;
	struct ahead *ahead;            /* unpacks `f` in its thread */
	struct tarball_in *t;
	struct part part;
	uint64_t left;                  /* bytes of `part` to come */
	unsigned parts, seen;           /* count; roles, a bit each */
	size_t zeros;                   /* at the end of the tar so far */
};

static const struct {
	const char *text, *magic;
	size_t offset, len;
} forms[] = {
	[ARCHIVE_IN_TAR_ZSTD] = { "a Lifeboat archive",
	                          "\x28\xb5\x2f\xfd", 0, 4 },
	[ARCHIVE_IN_TAR_GZIP] = { "a gzipped tar archive", "\x1f\x8b", 0, 2 },
	[ARCHIVE_IN_TAR] = { "a tar archive", "ustar", 257, 5 },
	[ARCHIVE_IN_ZIP] = { "an RKE zip", "PK\3\4", 0, 4 },
	[ARCHIVE_IN_DB] = { "a database with its digest", NULL, 0, 0 },
	[ARCHIVE_IN_DB_BARE] = { "a database without a digest", NULL, 0, 0 },
};

const char *archive_in_form_text(enum archive_in_form form)
{
	return forms[form].text;
}

enum archive_in_form archive_in_form(const struct archive_in *a)
{
	return a->form;
}

_Bool archive_in_has_trailer(uint64_t size)
{
	return size % 512 == ARCHIVE_IN_TRAILER;
}

static ssize_t read_at(int fd, void *data, size_t len, uint64_t at)
{
	ssize_t n;

	do
		n = pread(fd, data, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* The magic of a meta page, which is page 0 or 1 of any usual page size. */
static _Bool is_database(int fd)
{
	static const unsigned char magic[4] = { 0xed, 0xda, 0x0c, 0xed };
	static const uint64_t pages[] = { 0, 4096, 16384, 65536 };
	unsigned char b[4];

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (read_at(fd, b, 4, pages[i] + 16) == 4 &&
		    memcmp(b, magic, 4) == 0)
			return 1;
	return 0;
}

int archive_in_recognise(int fd, enum archive_in_form *out, struct err *e)
{
	char b[512];
	struct stat st;
	ssize_t n = read_at(fd, b, sizeof(b), 0);

	if (n < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot read the file");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].magic != NULL &&
		    (size_t)n >= forms[i].offset + forms[i].len &&
		    memcmp(b + forms[i].offset, forms[i].magic,
		           forms[i].len) == 0) {
			*out = (enum archive_in_form)i;
			return 0;
		}
	if (n == 0)
		return err_set(e, ERR_CORRUPT, "the file is empty");
	if (!is_database(fd))
		return err_set(e, ERR_CORRUPT, "not a snapshot: neither an "
		               "archive nor an etcd database");
	*out = archive_in_has_trailer((uint64_t)st.st_size)
	       ? ARCHIVE_IN_DB : ARCHIVE_IN_DB_BARE;
	return 0;
}

/* The blocks of a tar stream, as they lie in the file or unpacked. */
static int pull(void *arg, const void **data, size_t *len, struct err *e)
{
	struct archive_in *a = arg;
	size_t n = 0;

	if (a->ahead != NULL) {
		if (ahead_next(a->ahead, data, len, e) < 0)
			return -1;
	} else if (a->f != NULL) {
		if (frames_in_read(a->f, data, len, e) < 0)
			return -1;
	} else {
		ssize_t got = read_at(a->fd, a->data, BLOCK, a->at);

		if (got < 0)
			return err_sys(e, "cannot read the archive");
		a->at += (uint64_t)got;
		*data = a->data;
		*len = (size_t)got;
	}
	/* Count the zeros at the end: the mark that ends a tar. */
	for (const char *p = *data; n < *len && p[*len - 1 - n] == 0; )
		n++;
	a->zeros = n < *len ? n : a->zeros + n;
	return 0;
}

static int unpack(void *arg, void *to, size_t room, size_t *out_len,
                  struct err *e)
{
	return frames_in_fill(arg, to, room, out_len, e);
}

static int start(struct archive_in *a, struct err *e)
{
	switch (a->form) {
	case ARCHIVE_IN_TAR_ZSTD:
		if (frames_in_new(&a->f, a->fd, 0, UINT64_MAX, e) < 0 ||
		    ahead_new(&a->ahead, unpack, a->f, e) < 0)
			return -1;
		return tarball_in_stream(&a->t, pull, a, e);
	case ARCHIVE_IN_TAR:
		return tarball_in_stream(&a->t, pull, a, e);
	case ARCHIVE_IN_TAR_GZIP:
		return tarball_in_gzip(&a->t, a->fd, e);
	case ARCHIVE_IN_ZIP:
		return tarball_in_zip(&a->t, a->fd, a->size, e);
	default:
		return 0;
	}
}

static struct archive_in *in_new(int fd, uint64_t size, struct err *e)
{
	struct archive_in *a = calloc(1, sizeof(*a));

	if (a == NULL || (a->data = malloc(BLOCK)) == NULL) {
		free(a);
		(void)err_nomem(e);
		return NULL;
	}
	a->fd = fd;
	a->size = size;
	return a;
}

int archive_in_open_fd(struct archive_in **out, int fd, struct err *e)
{
	struct archive_in *a;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot look at the file");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_REFUSED, "not a regular file");
	a = in_new(fd, (uint64_t)st.st_size, e);
	if (a == NULL)
		return -1;
	if (archive_in_recognise(fd, &a->form, e) < 0 || start(a, e) < 0) {
		archive_in_close(a);
		return -1;
	}
	*out = a;
	return 0;
}

int archive_in_open(struct archive_in **out, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		(void)err_sys(e, "cannot open '%s'", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		return -1;
	}
	if (archive_in_open_fd(out, fd, e) < 0) {
		(void)close(fd);
		return err_wrap(e, "'%s'", path);
	}
	(*out)->owned = 1;
	return 0;
}

/* Count the part, and refuse what does not belong. */
static int judge(struct archive_in *a, struct err *e)
{
	struct part *p = &a->part;

	if (++a->parts > ARCHIVE_IN_PARTS)
		return err_set(e, ERR_REFUSED, "the archive has more than %d "
		               "members", ARCHIVE_IN_PARTS);
	if (member_judge(p, a->form == ARCHIVE_IN_ZIP, e) < 0)
		return -1;
	if (p->role != PART_OTHER && (a->seen & 1U << p->role) != 0)
		return err_set(e, ERR_REFUSED, "member '%.200s' is there twice",
		               p->name);
	a->seen |= 1U << p->role;
	return 0;
}

/* After the last member: the stream must end well, its last checksums too. */
static int drain(struct archive_in *a, struct err *e)
{
	const void *data;
	size_t len, sum = 0;

	if (a->form != ARCHIVE_IN_TAR_ZSTD && a->form != ARCHIVE_IN_TAR)
		return 0;
	do {
		if (pull(a, &data, &len, e) < 0)
			return -1;
		sum += len;
	} while (len > 0 && sum <= DRAIN_MAX);
	if (sum > DRAIN_MAX)
		return err_set(e, ERR_CORRUPT, "data follows the end of the "
		               "archive");
	if (a->zeros < TARBALL_END)
		return err_set(e, ERR_CORRUPT, "the archive ends early: its "
		               "end mark is missing");
	return 0;
}

static int next_member(struct archive_in *a, const struct part **out,
                       struct err *e)
{
	_Bool found = 0;

	if (tarball_in_next(a->t, &a->part, &found, e) < 0)
		return -1;
	if (found && judge(a, e) < 0)
		return -1;
	if (!found && drain(a, e) < 0)
		return -1;
	if (!found && a->parts == 0)
		return err_set(e, ERR_CORRUPT, "the archive is empty");
	*out = found ? &a->part : NULL;
	return 0;
}

int archive_in_next(struct archive_in *a, const struct part **out,
                    struct err *e)
{
	struct stat st;

	if (a->t != NULL)
		return next_member(a, out, e);
	if (a->parts++ > 0) {
		*out = NULL;
		return 0;
	}
	if (fstat(a->fd, &st) < 0)
		return err_sys(e, "cannot look at the file");
	a->part = (struct part){ .role = PART_DATABASE, .size = a->size,
		.name = PART_NAME_DATABASE, .mode = st.st_mode & 07777,
		.mtime = st.st_mtime };
	a->left = a->size;
	*out = &a->part;
	return 0;
}

int archive_in_read(struct archive_in *a, const void **out_data,
                    size_t *out_len, struct err *e)
{
	size_t want = a->left < BLOCK ? (size_t)a->left : BLOCK;
	ssize_t n = 0;

	if (a->t != NULL)
		return tarball_in_read(a->t, out_data, out_len, e);
	if (want > 0)
		n = read_at(a->fd, a->data, want, a->at);
	if (n < 0)
		return err_sys(e, "cannot read the database");
	if (n == 0 && want > 0)
		return err_set(e, ERR_CORRUPT, "the file became shorter");
	a->at += (uint64_t)n;
	a->left -= (uint64_t)n;
	*out_data = a->data;
	*out_len = (size_t)n;
	return 0;
}

int archive_in_slurp(struct archive_in *a, struct buf *b, struct err *e)
{
	const void *data;
	size_t len;

	do {
		if (archive_in_read(a, &data, &len, e) < 0)
			return -1;
		buf_append(b, data, len);
		if (buf_check(b, e) < 0)
			return err_wrap(e, "member '%.200s'", a->part.name);
	} while (len > 0);
	return 0;
}

void archive_in_close(struct archive_in *a)
{
	if (a == NULL)
		return;
	tarball_in_free(a->t);
	ahead_free(a->ahead);
	frames_in_free(a->f);
	if (a->owned)
		(void)close(a->fd);
	free(a->data);
	free(a);
}

/* Find the manifest among the parts of `a`. */
static int slurp_manifest(struct archive_in *a, struct buf *b, struct err *e)
{
	const struct part *p;

	do
		if (archive_in_next(a, &p, e) < 0)
			return -1;
	while (p != NULL && p->role != PART_MANIFEST);
	if (p == NULL)
		return err_set(e, ERR_MISSING, "the archive has no manifest");
	return archive_in_slurp(a, b, e);
}

int archive_in_manifest_fast(int fd, struct buf *b, struct err *e)
{
	struct archive_in *a;
	struct tail t;
	struct stat st;
	int rc = -1;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot look at the file");
	if (tail_read(fd, (uint64_t)st.st_size, &t, e) < 0)
		return -1;
	a = in_new(fd, (uint64_t)st.st_size, e);
	if (a == NULL)
		return -1;
	a->form = ARCHIVE_IN_TAR_ZSTD;
	if (frames_in_new(&a->f, fd, t.offset, t.length, e) == 0 &&
	    tarball_in_stream(&a->t, pull, a, e) == 0)
		rc = slurp_manifest(a, b, e);
	archive_in_close(a);
	return rc;
}

int archive_in_manifest(int fd, struct buf *b, struct err *e)
{
	struct archive_in *a = NULL;
	int rc = archive_in_manifest_fast(fd, b, e);

	if (rc == 0 || e->kind != ERR_MISSING)
		return rc;
	if (archive_in_open_fd(&a, fd, e) < 0)
		return -1;
	rc = slurp_manifest(a, b, e);
	archive_in_close(a);
	return rc;
}
