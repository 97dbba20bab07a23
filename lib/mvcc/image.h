/* image.h - an etcd database checked whole while it streams by.
 *
 * Feed the bytes of a snapshot (without its SHA-256 trailer) or of a database
 * file in order; image_finish() walks the trees over what was summed up and
 * says what the database holds: revision, keys, hashes, buckets.  Damage goes
 * to the findings; a call fails only when it makes no sense to go on.
 *
 * The status hash is that of `etcdctl snapshot status` (etcd-formats, "snapshot
 * status"); image_hash_kv() gives what a member's HashKV would answer. */
#ifndef MVCC_IMAGE_H
#define MVCC_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "bolt/scan.h"
#include "mvcc/rows.h"

enum { IMAGE_BUCKETS_MAX = 64, IMAGE_NAME_MAX = 63, IMAGE_TEXT_MAX = 31 };

struct image_bucket {
	char name[IMAGE_NAME_MAX + 1];
	uint64_t entries;
	uint64_t bytes;                 /* of keys and values */
	uint64_t leaf_pages;            /* 0: the bucket lies inline */
};

struct image_summary {
	uint32_t page_size;             /* bytes */
	uint64_t pages, free_pages, txid;
	uint32_t status_hash;
	uint64_t entries;               /* of all buckets: totalKey up to 3.5 */
	uint64_t revision;              /* current: last row, or compaction */
	struct rows_summary rows;       /* live_keys: totalKey from 3.6 on */
	int64_t compact_revision;       /* finished; -1: never compacted */
	int64_t scheduled_compact;      /* -1: none */
	uint64_t consistent_index;      /* raft index applied last */
	uint64_t term;                  /* of that entry; 0: not recorded */
	char storage_version[IMAGE_TEXT_MAX + 1];       /* "" below 3.6 */
	char cluster_version[IMAGE_TEXT_MAX + 1];
	uint64_t members, leases, alarms;
	_Bool auth_enabled;
	unsigned n_buckets;
	struct image_bucket buckets[IMAGE_BUCKETS_MAX];
};

struct image {
	struct scan scan;
	struct rows rows;
	struct findings findings;
	struct image_summary sum;
	int at;                         /* bucket being walked, or -1 */
};
#define IMAGE_INIT { .findings = FINDINGS_INIT, .rows = ROWS_INIT }

/* Begin.  `image_size` in bytes; `exact` as for scan_open(); `spill_dir` as for
 * rows_open().  Pass an IMAGE_INIT image and end it with image_close(). */
int image_open(struct image *im, uint64_t image_size, _Bool exact,
               const char *spill_dir, struct err *e) MUST_USE;
int image_feed(struct image *im, const void *data, size_t len,
               struct err *e) MUST_USE;
/* All bytes were fed: check what holds pages together, fill im->sum. */
int image_finish(struct image *im, struct err *e) MUST_USE;
/* HashKV at `revision` as if compacted at `compact_revision` (-1: never). */
int image_hash_kv(struct image *im, uint64_t revision, int64_t compact_revision,
                  uint32_t *out_hash, struct err *e) MUST_USE;
/* The compaction that a member which starts from this database will have. */
int64_t image_effective_compaction(const struct image_summary *sum);
void image_close(struct image *im);

#endif
