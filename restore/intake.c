#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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

static int start_check(struct intake *in, struct err *e)
{
	if (image_open(&in->image, in->image_size, in->has_digest,
	               in->spill_dir, e) < 0)
		return -1;
	return beside_start(&in->beside, e);
}

/* Fill `block` from a plain database. */
static int read_plain(struct intake *in, uint64_t at, unsigned char *block,
                      size_t want, struct err *e)
{
	while (want > 0) {
		ssize_t n = pread(in->fd, block, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read '%s'", in->path);
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "'%s' became shorter",
			               in->path);
		block += n;
		at += (uint64_t)n;
		want -= (size_t)n;
	}
	return 0;
}

/* Fill `block` from a part of an archive, which comes in pieces. */
static int read_packed(struct intake *in, unsigned char *block, size_t want,
                       struct err *e)
{
	while (want > 0) {
		size_t n;

		if (in->piece_len == 0 && archive_in_read(in->archive,
		    &in->piece, &in->piece_len, e) < 0)
			return err_wrap(e, "'%s'", in->path);
		if (in->piece_len == 0)
			return err_set(e, ERR_CORRUPT, "'%s': the database is "
			               "cut short", in->path);
		n = in->piece_len < want ? in->piece_len : want;
		(void)memcpy(block, in->piece, n);
		in->piece = (const unsigned char *)in->piece + n;
		in->piece_len -= n;
		block += n;
		want -= n;
	}
	return 0;
}

static int read_bytes(struct intake *in, uint64_t at, unsigned char *block,
                      size_t want, struct err *e)
{
	return intake_is_plain(in) ? read_plain(in, at, block, want, e)
	                           : read_packed(in, block, want, e);
}

/* The rest of an archive must be sound as well. */
static int read_rest(struct intake *in, struct err *e)
{
	const struct part *p;

	do
		if (archive_in_next(in->archive, &p, e) < 0)
			return err_wrap(e, "'%s'", in->path);
	while (p != NULL);
	return 0;
}

/* Every byte is read once: written, checked, digested.  `out` may be NULL. */
static int pass(struct intake *in, struct outfile *out, struct err *e)
{
	for (uint64_t at = 0; at < in->image_size; ) {
		unsigned char *block = beside_block(&in->beside);
		size_t n = BESIDE_BLOCK;

		if (in->image_size - at < n)
			n = (size_t)(in->image_size - at);
		if (read_bytes(in, at, block, n, e) < 0)
			return -1;
		beside_give(&in->beside, n);
		if (out != NULL && outfile_append(out, block, n, e) < 0)
			return -1;
		if (image_feed(&in->image, block, n, e) < 0)
			return err_wrap(e, "'%s'", in->path);
		at += n;
	}
	if (in->has_digest && read_bytes(in, in->image_size, in->digest,
	                                 DIGEST_LEN, e) < 0)
		return -1;
	if (out != NULL && outfile_flush(out, e) < 0)
		return -1;
	if (read_rest(in, e) < 0)
		return -1;
	if (image_finish(&in->image, e) < 0)
		return err_wrap(e, "'%s'", in->path);
	return 0;
}

int intake_copy(struct intake *in, struct outfile *out, struct err *e)
{
	if (start_check(in, e) < 0)
		return -1;
	return pass(in, out, e);
}

static void *inspect(void *arg)
{
	struct intake *in = arg;

	in->rc = pass(in, NULL, &in->err);
	return NULL;
}

int intake_inspect(struct intake *in, struct err *e)
{
	if (start_check(in, e) < 0)
		return -1;
	errno = pthread_create(&in->thread, NULL, inspect, in);
	if (errno != 0)
		return err_sys(e, "cannot start a thread");
	in->inspecting = 1;
	return 0;
}

static void end_inspection(struct intake *in)
{
	if (in->inspecting)
		(void)pthread_join(in->thread, NULL);
	in->inspecting = 0;
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

static int check_digest(struct intake *in, struct err *e)
{
	unsigned char sum[DIGEST_LEN];
	char want[DIGEST_HEX + 1], got[DIGEST_HEX + 1];

	if (beside_finish(&in->beside, sum, e) < 0)
		return -1;
	if (!in->has_digest || memcmp(in->digest, sum, DIGEST_LEN) == 0)
		return 0;
	digest_hex(in->digest, DIGEST_LEN, want);
	digest_hex(sum, DIGEST_LEN, got);
	return err_set(e, ERR_CORRUPT, "the database's digest is wrong: %s "
	               "at its end, %s computed", want, got);
}

/* What is damaged says more than that something is, so it comes first. */
int intake_judge(struct intake *in, struct err *e)
{
	end_inspection(in);
	if (check_unchanged(in, e) < 0)
		return -1;
	if (in->rc < 0) {
		*e = in->err;
		return -1;
	}
	if (findings_check(&in->image.findings, e) < 0 ||
	    check_digest(in, e) < 0)
		return err_wrap(e, "'%s'", in->path);
	return 0;
}

void intake_close(struct intake *in)
{
	end_inspection(in);
	beside_close(&in->beside);
	image_close(&in->image);
	archive_in_close(in->archive);
	if (in->fd >= 0)
		(void)close(in->fd);
	*in = (struct intake)INTAKE_INIT;
}
