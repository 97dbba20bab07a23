/* revision.h - the keys of etcd's bucket `key`: main, '_', sub, and for a
 * tombstone 't' (etcd server/mvcc/revision.go; etcd-formats, "Buckets"). */
#ifndef MVCC_REVISION_H
#define MVCC_REVISION_H

#include <stddef.h>
#include <stdint.h>

enum { REVISION_BYTES = 17, REVISION_TOMBSTONE_BYTES = 18 };

struct revision {
	uint64_t main, sub;
	_Bool tombstone;
};

/* False when the bytes are no revision. */
_Bool revision_parse(struct revision *r, const void *key, size_t len);
/* Write it to `out` (18 bytes); returns how many bytes it takes. */
size_t revision_format(const struct revision *r, void *out);

#endif
