/* archive_in.h - read a snapshot from whatever file a user holds.
 *
 * What a file is, its content tells, not its name: a Lifeboat archive or any
 * other tar of the same parts (zstd, gzip or plain), RKE's zip, or a raw
 * database with or without the digest at its end.  Parts come one by one, in
 * the order of the file, their data in blocks.
 *
 * The file is hostile: a path out of the archive, a link, a device, a second
 * part of the same role, more than ARCHIVE_IN_PARTS members, or a part above
 * its maximum (member.h) is refused (ERR_REFUSED); damage and missing ends are
 * ERR_CORRUPT.  Nothing is ever written. */
#ifndef SNAPSHOT_ARCHIVE_IN_H
#define SNAPSHOT_ARCHIVE_IN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "snapshot/part.h"

enum {
	ARCHIVE_IN_PARTS = 64,
	ARCHIVE_IN_TRAILER = 32,        /* the digest after a database */
};

enum archive_in_form {
	ARCHIVE_IN_TAR_ZSTD,            /* Lifeboat's own, or repacked */
	ARCHIVE_IN_TAR_GZIP,
	ARCHIVE_IN_TAR,
	ARCHIVE_IN_ZIP,                 /* RKE's */
	ARCHIVE_IN_DB,                  /* a database and its digest */
	ARCHIVE_IN_DB_BARE,             /* a database without a digest */
};

struct archive_in;

/* Open the regular file `path`.  Never blocks on a pipe or device.  On success
 * end with archive_in_close(). */
int archive_in_open(struct archive_in **out, const char *path,
                    struct err *e) MUST_USE;
/* The same on an open regular file, which stays the caller's. */
int archive_in_open_fd(struct archive_in **out, int fd,
                       struct err *e) MUST_USE;
/* Only tell what an open file looks like, from its first bytes. */
int archive_in_recognise(int fd, enum archive_in_form *out,
                         struct err *e) MUST_USE;
enum archive_in_form archive_in_form(const struct archive_in *a);
/* How messages call that form: "a Lifeboat archive", "an RKE zip", ... */
const char *archive_in_form_text(enum archive_in_form form);

/* The next part, valid until the next call; NULL after the last one, when the
 * whole file was also seen to end as it should.  Unread data is passed over. */
int archive_in_next(struct archive_in *a, const struct part **out,
                    struct err *e) MUST_USE;
/* The next bytes of the part, valid until the next call on `a`; len 0 after
 * exactly part->size bytes. */
int archive_in_read(struct archive_in *a, const void **out_data,
                    size_t *out_len, struct err *e) MUST_USE;
/* Append all of the part's data to `b`. */
int archive_in_slurp(struct archive_in *a, struct buf *b,
                     struct err *e) MUST_USE;
void archive_in_close(struct archive_in *a);

/* Does a database of this size carry etcd's digest in its last 32 bytes? */
_Bool archive_in_has_trailer(uint64_t size);

/* Append the manifest's text, found by the index at the end of `fd`: no other
 * part is read.  ERR_MISSING when the file has no index. */
int archive_in_manifest_fast(int fd, struct buf *b, struct err *e) MUST_USE;
/* The same for any archive: without an index, by reading through it.
 * ERR_MISSING when it has no manifest. */
int archive_in_manifest(int fd, struct buf *b, struct err *e) MUST_USE;

#endif
