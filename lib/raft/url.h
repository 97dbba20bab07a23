/* url.h - a peer URL as etcd takes it. */
#ifndef RAFT_URL_H
#define RAFT_URL_H

#include <stddef.h>

#include "base/err.h"

/* Check the `len` bytes at `text`, blanks around them ignored, and write the
 * URL with its scheme in lower case to `out`, of `size` bytes.  ERR_USAGE. */
int url_read(const char *text, size_t len, char *out, size_t size,
             struct err *e) MUST_USE;

#endif
