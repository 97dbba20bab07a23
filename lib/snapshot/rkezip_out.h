/* rkezip_out.h - write a snapshot as RKE does, so that RKE can restore it.
 *
 * The file `<name>.zip` holds `/backup/<name>` (the database) and
 * `/etc/kubernetes/<name>.rkestate` (the cluster state), deflated, leading
 * slashes included.  RKE looks both up by the file's own name: the file must
 * be published as `<name>.zip` and never renamed.  It has no place for
 * cluster.yml or a manifest. */
#ifndef SNAPSHOT_RKEZIP_OUT_H
#define SNAPSHOT_RKEZIP_OUT_H

#include "snapshot/sink.h"

#define RKEZIP_OUT_SUFFIX ".zip"
#define RKEZIP_OUT_DATABASE "/backup/"
#define RKEZIP_OUT_STATE "/etc/kubernetes/"
#define RKEZIP_OUT_STATE_SUFFIX ".rkestate"

/* A sink on the open stage `st`; `name` is without the suffix. */
int rkezip_out_new(struct sink **out, struct stage *st, const char *name,
                   struct err *e) MUST_USE;

#endif
