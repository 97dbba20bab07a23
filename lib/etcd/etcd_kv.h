/* etcd_kv.h - read and write keys.
 *
 * Keys and values are bytes with a length.  The calls go to whichever endpoint
 * answers; one that writes is not repeated when its answer was lost. */
#ifndef ETCD_ETCD_KV_H
#define ETCD_ETCD_KV_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etcd/etcd_client.h"

enum { ETCD_KV_TXN_MAX = 128 };         /* operations; etcd's default */

struct etcd_kv_bytes {
	const void *data;
	size_t len;
};

struct etcd_kv_pair {
	struct etcd_kv_bytes key, value;
	int64_t create_revision, mod_revision, version, lease;
};

struct etcd_kv_range {
	/* `end` empty: the one key.  Both the byte 0: all keys. */
	struct etcd_kv_bytes key, end;
	int64_t revision;               /* 0: the newest */
	_Bool keys_only;
	_Bool serializable;             /* what one member knows; no majority */
	unsigned page;                  /* pairs in one answer; 0: 1000 */
};

struct etcd_kv_range_info {
	int64_t revision;               /* all pairs are as of this one */
	uint64_t count;                 /* pairs in the range */
};

/* Every pair of the range, in order of keys, at one revision, a page at a time;
 * a page that is too big for memory is asked for in smaller ones.  A pair lives
 * until `on_pair` returns; it may be NULL, to count.  `out` may be NULL. */
int etcd_kv_range(struct etcd_client *c, const struct etcd_kv_range *range,
                  int (*on_pair)(void *arg, const struct etcd_kv_pair *pair,
                                 struct err *e),
                  void *arg, struct etcd_kv_range_info *out,
                  struct err *e) MUST_USE;
/* The end of the range of keys that begin with `prefix`, written to `to`, which
 * has room for prefix.len + 1 bytes. */
struct etcd_kv_bytes etcd_kv_prefix_end(struct etcd_kv_bytes prefix, void *to);

/* `out_revision` may be NULL in all of these. */
int etcd_kv_put(struct etcd_client *c, struct etcd_kv_bytes key,
                struct etcd_kv_bytes value, int64_t *out_revision,
                struct err *e) MUST_USE;
/* Put up to ETCD_KV_TXN_MAX pairs (key and value count) in one revision. */
int etcd_kv_put_all(struct etcd_client *c, const struct etcd_kv_pair *pairs,
                    size_t n, int64_t *out_revision, struct err *e) MUST_USE;
/* `end` as in struct etcd_kv_range. */
int etcd_kv_delete(struct etcd_client *c, struct etcd_kv_bytes key,
                   struct etcd_kv_bytes end, uint64_t *out_deleted,
                   struct err *e) MUST_USE;
/* Forget what is older than `revision`; waits until that is done on disk. */
int etcd_kv_compact(struct etcd_client *c, int64_t revision,
                    struct err *e) MUST_USE;

#endif
