/* folder.h - snapshots in a local folder: the driver "folder".
 *
 * A pin is an empty file ".<name>.pin" beside the snapshot, which survives a
 * copy of the folder and can be seen.  Whatever is changed is synced, the
 * folder too, before success is told.
 * What may be removed: regular files whose names end as snapshots' do
 * (".tar.zst", ".zip", ".db", "_etcd"), and a stage's leftovers. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "store/store.h"

/* Open the existing folder `path`: ERR_MISSING when there is none. */
int folder_open(struct store **out, const char *path, struct err *e) MUST_USE;
/* Is `name` that of a pin? */
_Bool folder_is_pin(const char *name);

#endif
