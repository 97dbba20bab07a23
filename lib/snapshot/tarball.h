/* tarball.h - tar and zip: the one module that speaks to libarchive.
 *
 * Writing tar: tarball_header() makes the bytes before a member's data, the
 * caller writes the data and the padding to 512 himself, so that bulk data goes
 * straight to where it belongs.  Writing zip: tarball_zip_*.  Reading either:
 * tarball_in_*, members in the order of the file, data in blocks that are not
 * copied.  No name is judged here; links and devices are refused. */
#ifndef SNAPSHOT_TARBALL_H
#define SNAPSHOT_TARBALL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "snapshot/part.h"

enum { TARBALL_BLOCK = 512, TARBALL_END = 1024 };  /* tar: padding, end mark */

struct tarball_zip;
struct tarball_in;

typedef int (*tarball_put)(void *arg, const void *data, size_t len,
                           struct err *e);
/* The next bytes of a stream; len 0 at its end. */
typedef int (*tarball_pull)(void *arg, const void **out_data, size_t *out_len,
                            struct err *e);

/* Append the header (or headers) of member `name`, as a file of root's. */
int tarball_header(struct buf *b, const char *name, const struct part *p,
                   struct err *e) MUST_USE;

/* A zip file with deflated members, their names taken as they are. */
int tarball_zip_new(struct tarball_zip **out, tarball_put put, void *arg,
                    struct err *e) MUST_USE;
int tarball_zip_begin(struct tarball_zip *z, const char *name,
                      const struct part *p, struct err *e) MUST_USE;
int tarball_zip_write(struct tarball_zip *z, const void *data, size_t len,
                      struct err *e) MUST_USE;
int tarball_zip_end(struct tarball_zip *z, struct err *e) MUST_USE;
/* Write the directory at the end. */
int tarball_zip_finish(struct tarball_zip *z, struct err *e) MUST_USE;
/* Release; unfinished, nothing more is written. */
void tarball_zip_free(struct tarball_zip *z);

/* Read a plain tar stream. */
int tarball_in_stream(struct tarball_in **out, tarball_pull pull, void *arg,
                      struct err *e) MUST_USE;
/* Read the gzipped tar, or the zip, that `fd` (the caller's) is at. */
int tarball_in_gzip(struct tarball_in **out, int fd,
                    struct err *e) MUST_USE;
int tarball_in_zip(struct tarball_in **out, int fd, uint64_t size,
                   struct err *e) MUST_USE;
/* The next regular file: name, size, mode, mtime.  *found is false at the end.
 * Folders are passed over. */
int tarball_in_next(struct tarball_in *t, struct part *out, _Bool *found,
                    struct err *e) MUST_USE;
/* The next bytes of that file, valid until the next call; len 0 at its end. */
int tarball_in_read(struct tarball_in *t, const void **out_data,
                    size_t *out_len, struct err *e) MUST_USE;
void tarball_in_free(struct tarball_in *t);

#endif
