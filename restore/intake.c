#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { COPY_STEP = 4 << 20 };

/* ---- opening ---- */

/* etcd holds a lock on its database while it runs. */
static int check_unused(const struct intake *in, struct err *e)
{
	if (flock(in->fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		(void)err_set(e, ERR_BUSY, "'%s' is in use by another process",
		              in->path);
		return err_hint(e, "stop etcd first, or take a snapshot of it");
	}
	return 0;
}

static int open_file(struct intake *in, struct err *e)
{
	in->fd = open(in->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (in->fd < 0) {
		(void)err_sys(e, "cannot open '%s'", in->path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		return -1;
	}
	if (fstat(in->fd, &in->st) < 0)
		return err_sys(e, "cannot look at '%s'", in->path);
	if (archive_in_open_fd(&in->archive, in->fd, e) < 0)
		return err_wrap(e, "'%s'", in->path);
	in->form = archive_in_form(in->archive);
	return 0;
}

_Bool intake_is_plain(const struct intake *in)
{
	return in->form == ARCHIVE_IN_DB || in->form == ARCHIVE_IN_DB_BARE;
}

/* Step to the database among the parts. */
static int find_database(struct intake *in, _Bool no_digest, struct err *e)
{
	const struct part *p;

	do
		if (archive_in_next(in->archive, &p, e) < 0)
			return err_wrap(e, "'%s'", in->path);
	while (p != NULL && p->role != PART_DATABASE);
	if (p == NULL)
		return err_set(e, ERR_MISSING, "'%s' holds no database",
		               in->path);
	in->has_digest = archive_in_has_trailer(p->size);
	in->image_size = p->size - (in->has_digest ? ARCHIVE_IN_TRAILER : 0);
	if (!in->has_digest && !no_digest) {
		(void)err_set(e, ERR_REFUSED, "the database in '%s' has no "
		              "digest at its end", in->path);
		return err_hint(e, "a copy of member/snap/db has none: take it "
		                "with --no-digest, if etcd was stopped");
	}
	return 0;
}

int intake_open(struct intake *in, const char *path, _Bool no_digest,
                int scratch, struct err *e)
{
	in->path = path;
	(void)snprintf(in->spill_dir, sizeof(in->spill_dir),
	               "/proc/self/fd/%d", scratch);
	if (open_file(in, e) < 0 || find_database(in, no_digest, e) < 0)
		return -1;
	return intake_is_plain(in) ? check_unused(in, e) : 0;
}

/* ---- copying ---- */

static int start_check(struct intake *in, int fd, struct err *e)
{
	return follow_start(&in->follow, fd, in->image_size, in->has_digest,
	                    in->spill_dir, e);
}

static int read_digest(struct intake *in, struct err *e)
{
	ssize_t n;

	if (!in->has_digest)
		return 0;
	n = pread(in->fd, in->digest, DIGEST_LEN, (off_t)in->image_size);
	if (n < 0)
		return err_sys(e, "cannot read '%s'", in->path);
	if (n != DIGEST_LEN)
		return err_set(e, ERR_CORRUPT, "'%s' became shorter", in->path);
	return 0;
}

static int copy_plain(struct intake *in, struct outfile *out, struct err *e)
{
	uint64_t at = 0;

	while (at < in->image_size) {
		size_t want = COPY_STEP, got;

		if (in->image_size - at < want)
			want = (size_t)(in->image_size - at);
		if (outfile_copy(out, in->fd, at, want, &got, e) < 0)
			return -1;
		if (got == 0)
			return err_set(e, ERR_CORRUPT, "'%s' became shorter",
			               in->path);
		at += got;
		if (!follow_wrote(&in->follow, at))
			return 0;
	}
	return read_digest(in, e);
}

/* Bytes at `at` of the part: of the database, or of the digest behind it. */
static int put_block(struct intake *in, struct outfile *out, uint64_t at,
                     const unsigned char *data, size_t len, struct err *e)
{
	if (at < in->image_size) {
		size_t n = in->image_size - at < len
		                   ? (size_t)(in->image_size - at) : len;

		if (outfile_append(out, data, n, e) < 0)
			return -1;
		data += n;
		len -= n;
		at += n;
	}
	if (len > 0)
		(void)memcpy(in->digest + (at - in->image_size), data, len);
	return 0;
}

static int copy_packed(struct intake *in, struct outfile *out, struct err *e)
{
	const struct part *p;
	const void *data;
	uint64_t at = 0;
	size_t len;

	for (;;) {
		if (archive_in_read(in->archive, &data, &len, e) < 0)
			return err_wrap(e, "'%s'", in->path);
		if (len == 0)
			break;
		if (put_block(in, out, at, data, len, e) < 0)
			return -1;
		at += len;
		if (!follow_wrote(&in->follow, out->size - out->used))
			return 0;
	}
	if (outfile_flush(out, e) < 0)
		return -1;
	(void)follow_wrote(&in->follow, out->size);
	/* The rest of the archive must be sound as well. */
	do
		if (archive_in_next(in->archive, &p, e) < 0)
			return err_wrap(e, "'%s'", in->path);
	while (p != NULL);
	return 0;
}

int intake_copy(struct intake *in, struct outfile *out, struct err *e)
{
	if (start_check(in, out->fd, e) < 0)
		return -1;
	return intake_is_plain(in) ? copy_plain(in, out, e)
	                           : copy_packed(in, out, e);
}

int intake_inspect(struct intake *in, struct err *e)
{
	if (read_digest(in, e) < 0 || start_check(in, in->fd, e) < 0)
		return -1;
	(void)follow_wrote(&in->follow, in->image_size);
	return 0;
}

/* ---- the verdict ---- */

static int check_unchanged(const struct intake *in, struct err *e)
{
	struct stat now;

	if (fstat(in->fd, &now) < 0)
		return err_sys(e, "cannot look at '%s'", in->path);
	if (now.st_size != in->st.st_size ||
	    now.st_mtim.tv_sec != in->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != in->st.st_mtim.tv_nsec)
		return err_set(e, ERR_REFUSED, "'%s' was changed while it was "
		               "read", in->path);
	return 0;
}

static int check_digest(const struct intake *in, struct err *e)
{
	char want[DIGEST_HEX + 1], got[DIGEST_HEX + 1];

	if (!in->has_digest ||
	    memcmp(in->digest, in->follow.sha256, DIGEST_LEN) == 0)
		return 0;
	digest_hex(in->digest, DIGEST_LEN, want);
	digest_hex(in->follow.sha256, DIGEST_LEN, got);
	return err_set(e, ERR_CORRUPT, "the database's digest is wrong: %s "
	               "at its end, %s computed", want, got);
}

/* What is damaged says more than that something is, so it comes first. */
int intake_judge(struct intake *in, struct err *e)
{
	int rc = follow_finish(&in->follow, e);
	struct err changed;

	if (check_unchanged(in, &changed) < 0) {
		*e = changed;
		return -1;
	}
	if (rc < 0 || findings_check(&in->follow.image.findings, e) < 0 ||
	    check_digest(in, e) < 0)
		return err_wrap(e, "'%s'", in->path);
	return 0;
}

void intake_close(struct intake *in)
{
	follow_close(&in->follow);
	archive_in_close(in->archive);
	if (in->fd >= 0)
		(void)close(in->fd);
	*in = (struct intake)INTAKE_INIT;
}
