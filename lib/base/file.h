/* file.h - small files, whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

/* Append the regular file's bytes, at most text->max of them; never blocks on
 * a pipe or device.  ERR_MISSING when there is none. */
int file_read(const char *path, struct buf *text, struct err *e) MUST_USE;
/* Read a secret: as file_read(), less the line end behind it.  Refused when
 * others than the owner may read the file. */
int file_read_secret(const char *path, struct buf *text,
                     struct err *e) MUST_USE;
/* Overwrite what `b` holds, then close it. */
void file_wipe(struct buf *b);

#endif
