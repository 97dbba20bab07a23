#include "snapshot/tarball.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

enum { IN_FIRST = 16 << 10, IN_SIZE = 256 << 10 };

struct tarball_zip {
	struct archive *a;
	tarball_put put;
	void *arg;
	struct err err;                 /* of `put` */
	_Bool dead;                     /* being freed: write no more */
};

struct tarball_in {
	struct archive *a;
	tarball_pull pull;
	void *arg;
	struct err err;                 /* of `pull` or of reading `fd` */
	int fd;
	uint64_t at, size;              /* in `fd` */
	size_t chunk;                   /* read next: grows while in sequence */
	_Bool zip;
	char what[PART_NAME_MAX + 1];   /* the open member, for messages */
	uint64_t member_left;
	int64_t member_at;
	char *data;
};

/* Prefer our callback's own words to libarchive's. */
static int failed(struct archive *a, const struct err *own, enum err_kind kind,
                  const char *what, struct err *e)
{
	const char *text = archive_error_string(a);

	if (own->kind != ERR_NONE) {
		*e = *own;
		return -1;
	}
	return err_set(e, kind, "%s: %s", what, text ? text : "unknown reason");
}

static struct archive_entry *entry_new(const char *name, const struct part *p)
{
	struct archive_entry *en = archive_entry_new();

	if (en == NULL)
		return NULL;
	archive_entry_set_pathname(en, name);
	archive_entry_set_filetype(en, AE_IFREG);
	archive_entry_set_perm(en, p->mode);
	archive_entry_set_size(en, (la_int64_t)p->size);
	archive_entry_set_mtime(en, p->mtime, 0);
	archive_entry_set_uname(en, "root");
	archive_entry_set_gname(en, "root");
	return en;
}

struct header {
	struct buf *b;
	_Bool done;
};

/* After the header libarchive would write the data as zeros: refuse them. */
static la_ssize_t to_buf(struct archive *a, void *arg, const void *data,
                         size_t len)
{
	struct header *h = arg;

	if (h->done) {
		archive_set_error(a, ECANCELED, "only the header is wanted");
		return -1;
	}
	buf_append(h->b, data, len);
	return (la_ssize_t)len;
}

int tarball_header(struct buf *b, const char *name, const struct part *p,
                   struct err *e)
{
	struct archive_entry *en = entry_new(name, p);
	struct archive *a = archive_write_new();
	struct header h = { .b = b };
	const struct err none = ERR_INIT;
	int rc = -1;

	if (a == NULL || en == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
	    archive_write_open(a, &h, NULL, to_buf, NULL) != ARCHIVE_OK ||
	    archive_write_header(a, en) != ARCHIVE_OK)
		(void)failed(a, &none, ERR_SYS, "cannot make a tar header", e);
	else
		rc = buf_check(b, e);
	h.done = 1;
out:
	archive_entry_free(en);
	(void)archive_write_free(a);
	return rc;
}

static la_ssize_t to_put(struct archive *a, void *arg, const void *data,
                         size_t len)
{
	struct tarball_zip *z = arg;

	if (z->dead)
		return (la_ssize_t)len;
	if (z->put(z->arg, data, len, &z->err) < 0) {
		archive_set_error(a, EIO, "write failed");
		return -1;
	}
	return (la_ssize_t)len;
}

int tarball_zip_new(struct tarball_zip **out, tarball_put put, void *arg,
                    struct err *e)
{
	struct tarball_zip *z = calloc(1, sizeof(*z));

	if (z == NULL || (z->a = archive_write_new()) == NULL) {
		free(z);
		return err_nomem(e);
	}
	z->put = put;
	z->arg = arg;
	if (archive_write_set_format_zip(z->a) != ARCHIVE_OK ||
	    archive_write_zip_set_compression_deflate(z->a) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(z->a, 64 << 10) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(z->a, 1) != ARCHIVE_OK ||
	    archive_write_open(z->a, z, NULL, to_put, NULL) != ARCHIVE_OK) {
		(void)failed(z->a, &z->err, ERR_SYS, "cannot start a zip", e);
		tarball_zip_free(z);
		return -1;
	}
	*out = z;
	return 0;
}

int tarball_zip_begin(struct tarball_zip *z, const char *name,
                      const struct part *p, struct err *e)
{
	struct archive_entry *en = entry_new(name, p);
	int rc;

	if (en == NULL)
		return err_nomem(e);
	rc = archive_write_header(z->a, en);
	archive_entry_free(en);
	return rc == ARCHIVE_OK ? 0 :
	       failed(z->a, &z->err, ERR_SYS, "cannot write the zip", e);
}

int tarball_zip_write(struct tarball_zip *z, const void *data, size_t len,
                      struct err *e)
{
	la_ssize_t n = archive_write_data(z->a, data, len);

	return n == (la_ssize_t)len ? 0 :
	       failed(z->a, &z->err, ERR_SYS, "cannot write the zip", e);
}

int tarball_zip_end(struct tarball_zip *z, struct err *e)
{
	return archive_write_finish_entry(z->a) == ARCHIVE_OK ? 0 :
	       failed(z->a, &z->err, ERR_SYS, "cannot write the zip", e);
}

int tarball_zip_finish(struct tarball_zip *z, struct err *e)
{
	return archive_write_close(z->a) == ARCHIVE_OK ? 0 :
	       failed(z->a, &z->err, ERR_SYS, "cannot end the zip", e);
}

void tarball_zip_free(struct tarball_zip *z)
{
	if (z == NULL)
		return;
	/* Let it end what is open, into nothing: it leaks otherwise. */
	z->dead = 1;
	(void)archive_write_free(z->a);
	free(z);
}

static la_ssize_t from_pull(struct archive *a, void *arg, const void **data)
{
	struct tarball_in *t = arg;
	size_t len = 0;

	if (t->pull(t->arg, data, &len, &t->err) < 0) {
		archive_set_error(a, EIO, "read failed");
		return -1;
	}
	return (la_ssize_t)len;
}

static la_ssize_t from_fd(struct archive *a, void *arg, const void **data)
{
	struct tarball_in *t = arg;
	ssize_t n;

	do
		n = pread(t->fd, t->data, t->chunk, (off_t)t->at);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		(void)err_sys(&t->err, "cannot read the archive");
		archive_set_error(a, EIO, "read failed");
		return -1;
	}
	t->at += (uint64_t)n;
	t->chunk = t->chunk * 2 < IN_SIZE ? t->chunk * 2 : IN_SIZE;
	*data = t->data;
	return n;
}

static la_int64_t skip_fd(struct archive *a, void *arg, la_int64_t n)
{
	struct tarball_in *t = arg;
	uint64_t left = t->at < t->size ? t->size - t->at : 0;

	(void)a;
	if (n < 0)
		return 0;
	if ((uint64_t)n > left)
		n = (la_int64_t)left;
	t->at += (uint64_t)n;
	t->chunk = IN_FIRST;
	return n;
}

static la_int64_t seek_fd(struct archive *a, void *arg, la_int64_t n,
                          int whence)
{
	struct tarball_in *t = arg;
	la_int64_t base = whence == SEEK_SET ? 0 :
	                  whence == SEEK_CUR ? (la_int64_t)t->at :
	                                       (la_int64_t)t->size;

	if (__builtin_add_overflow(base, n, &n) || n < 0) {
		archive_set_error(a, EINVAL, "seek out of the file");
		return ARCHIVE_FATAL;
	}
	t->at = (uint64_t)n;
	t->chunk = IN_FIRST;
	return n;
}

static struct tarball_in *in_new(void)
{
	struct tarball_in *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->a = archive_read_new();
	t->data = malloc(IN_SIZE);
	t->fd = -1;
	t->chunk = IN_FIRST;
	if (t->a == NULL || t->data == NULL) {
		tarball_in_free(t);
		return NULL;
	}
	return t;
}

static int not_whole(struct tarball_in *t, struct err *e)
{
	return failed(t->a, &t->err, ERR_CORRUPT, t->zip ?
	              "not a whole zip file" : "not a whole tar archive", e);
}

/* Open what was set up: reads the first bytes. */
static int in_open(struct tarball_in *t, struct tarball_in **out,
                   struct err *e)
{
	if (archive_read_open1(t->a) != ARCHIVE_OK) {
		(void)not_whole(t, e);
		tarball_in_free(t);
		return -1;
	}
	*out = t;
	return 0;
}

int tarball_in_stream(struct tarball_in **out, tarball_pull pull, void *arg,
                      struct err *e)
{
	struct tarball_in *t = in_new();

	if (t == NULL)
		return err_nomem(e);
	t->pull = pull;
	t->arg = arg;
	(void)archive_read_support_format_tar(t->a);
	(void)archive_read_set_read_callback(t->a, from_pull);
	(void)archive_read_set_callback_data(t->a, t);
	return in_open(t, out, e);
}

int tarball_in_gzip(struct tarball_in **out, int fd, struct err *e)
{
	struct tarball_in *t = in_new();

	if (t == NULL)
		return err_nomem(e);
	t->fd = fd;
	(void)archive_read_support_filter_gzip(t->a);
	(void)archive_read_support_format_tar(t->a);
	(void)archive_read_set_read_callback(t->a, from_fd);
	(void)archive_read_set_callback_data(t->a, t);
	return in_open(t, out, e);
}

int tarball_in_zip(struct tarball_in **out, int fd, uint64_t size,
                   struct err *e)
{
	struct tarball_in *t = in_new();

	if (t == NULL)
		return err_nomem(e);
	t->fd = fd;
	t->size = size;
	t->zip = 1;
	(void)archive_read_support_format_zip_seekable(t->a);
	(void)archive_read_set_read_callback(t->a, from_fd);
	(void)archive_read_set_skip_callback(t->a, skip_fd);
	(void)archive_read_set_seek_callback(t->a, seek_fd);
	(void)archive_read_set_callback_data(t->a, t);
	return in_open(t, out, e);
}

/* Fill `out` from a header, or refuse it. */
static int take(struct tarball_in *t, struct archive_entry *en,
                struct part *out, struct err *e)
{
	const char *name = archive_entry_pathname(en);

	if (name == NULL)
		name = archive_entry_pathname_utf8(en);
	if (name == NULL || name[0] == '\0' || strlen(name) > PART_NAME_MAX)
		return err_set(e, ERR_REFUSED,
		               "a member of the archive has no usable name");
	if (archive_entry_hardlink(en) != NULL ||
	    archive_entry_filetype(en) != AE_IFREG)
		return err_set(e, ERR_REFUSED, "member '%.200s' is a link or a "
		               "device, not a file", name);
	if (archive_entry_is_encrypted(en))
		return err_set(e, ERR_REFUSED, "member '%.200s' is encrypted",
		               name);
	if (!archive_entry_size_is_set(en) || archive_entry_size(en) < 0)
		return err_set(e, ERR_CORRUPT, "member '%.200s' has no size",
		               name);
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->role = PART_OTHER;
	out->size = (uint64_t)archive_entry_size(en);
	out->mode = archive_entry_perm(en);
	out->mtime = archive_entry_mtime(en);
	(void)memcpy(t->what, out->name, sizeof(t->what));
	t->member_left = out->size;
	t->member_at = 0;
	return 0;
}

int tarball_in_next(struct tarball_in *t, struct part *out, _Bool *found,
                    struct err *e)
{
	struct archive_entry *en;
	int rc;

	do {
		rc = archive_read_next_header(t->a, &en);
		if (rc == ARCHIVE_EOF) {
			*found = 0;
			return 0;
		}
		if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
			return not_whole(t, e);
	} while (archive_entry_filetype(en) == AE_IFDIR);
	if (take(t, en, out, e) < 0)
		return -1;
	*found = 1;
	return 0;
}

static int damaged(struct tarball_in *t, struct err *e)
{
	char what[256];

	(void)snprintf(what, sizeof(what), "member '%.200s' is damaged",
	               t->what);
	return failed(t->a, &t->err, ERR_CORRUPT, what, e);
}

int tarball_in_read(struct tarball_in *t, const void **out_data,
                    size_t *out_len, struct err *e)
{
	la_int64_t at = 0;
	size_t len = 0;
	int rc;

	do
		rc = archive_read_data_block(t->a, out_data, &len, &at);
	while (rc == ARCHIVE_OK && len == 0 && at == t->member_at);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return damaged(t, e);
	if (rc == ARCHIVE_EOF && t->member_left > 0)
		return err_set(e, ERR_CORRUPT, "member '%.200s' lacks %" PRIu64
		               " bytes", t->what, t->member_left);
	if (rc == ARCHIVE_EOF)
		len = 0;
	else if (at != t->member_at)
		return err_set(e, ERR_REFUSED, "member '%.200s' has holes\n"
		               "hint: pack it without --sparse", t->what);
	if (len > t->member_left)
		return err_set(e, ERR_CORRUPT, "member '%.200s' is longer than "
		               "it says", t->what);
	t->member_left -= len;
	t->member_at += (int64_t)len;
	*out_len = len;
	return 0;
}

void tarball_in_free(struct tarball_in *t)
{
	if (t == NULL)
		return;
	(void)archive_read_free(t->a);
	free(t->data);
	free(t);
}
