/* manifest_parse.h - read a manifest that anybody may have written.
 *
 * Nothing is believed: sizes and counts are bounded.  Fields that are unknown
 * are passed over; a higher schema is refused (ERR_REFUSED); damage is
 * ERR_CORRUPT and names the field.  Every reader takes a MANIFEST_INIT
 * manifest, to be ended with manifest_clear(), success or not. */
#ifndef SNAPSHOT_MANIFEST_PARSE_H
#define SNAPSHOT_MANIFEST_PARSE_H

#include <stddef.h>

#include "base/err.h"
#include "snapshot/manifest.h"

int manifest_parse(struct manifest *m, const char *text, size_t len,
                   struct err *e) MUST_USE;
/* Read that of an archive: fast by its index, else through the whole file.
 * ERR_MISSING when there is none (an RKE zip, a raw database). */
int manifest_parse_file(struct manifest *m, const char *path,
                        struct err *e) MUST_USE;
/* By the index only, from an open file: a few kilobytes are read. */
int manifest_parse_fast(struct manifest *m, int fd, struct err *e) MUST_USE;

#endif
