/* versions.h - may a server of one version start from data of another. */
#ifndef RESTORE_VERSIONS_H
#define RESTORE_VERSIONS_H

#include "base/err.h"

enum { VERSIONS_TEXT = 256 };

/* `storage` and `cluster` are what the database says of itself, each may be "";
 * `server` is what shall start from it, or NULL.  ERR_REFUSED for data of a
 * later etcd than is known here, or for a server that cannot read what a
 * restore makes; ERR_USAGE when `server` is no version.  A warning goes to
 * `text` (VERSIONS_TEXT bytes), which is left alone otherwise. */
int versions_judge(const char *storage, const char *cluster,
                   const char *server, char *text, struct err *e) MUST_USE;

#endif
