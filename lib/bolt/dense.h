/* dense.h - write bbolt trees from sorted entries, in one sequential pass.
 *
 * Pages are appended to an outfile as they fill up; a page's number is wanted
 * by its parent only, so nothing is written twice but the two metas, at the
 * end.  Every branch has two children at least.  Small buckets lie inline,
 * large values get overflow pages, the list of free pages is not kept (as etcd
 * has it): etcd-formats, "dense rewrite".
 *
 * Used alone on an empty file it makes a defragmented database; begun behind
 * the pages of an existing one it appends new trees to it (patch.h).
 *
 * Memory: a page a level.  Keys and values are not copied: those of a bucket
 * must stay where they are until dense_bucket_end() or dense_finish(). */
#ifndef BOLT_DENSE_H
#define BOLT_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/outfile.h"
#include "bolt/entries.h"
#include "bolt/meta.h"

enum {
	DENSE_LEVELS = 48,
	DENSE_RUN_MAX = 1 << 20,        /* several elements share a run of pages
	                                 * only up to this many bytes */
};

struct dense_element {
	const unsigned char *key, *value;
	uint32_t key_len, value_len;    /* a branch's elements have no value */
	uint64_t child;
	_Bool is_bucket;
};

struct dense_level {
	struct dense_element *items;
	size_t n, cap;
	uint64_t size;                  /* bytes of the page that they make */
};

struct dense {
	struct outfile *out;            /* borrowed */
	size_t page_size, limit;        /* bytes of a page that are filled */
	uint64_t next;                  /* number of the next page */
	struct entries top;             /* bucket headers */
	struct dense_level levels[DENSE_LEVELS];
	unsigned height;                /* levels in use */
	const char *bucket;             /* the open one */
	size_t bucket_len;
	uint64_t sequence;
};
#define DENSE_INIT { .next = 0 }

/* Begin.  `out` stands at the first byte of page `first`; with 2, room for the
 * metas is made before it, and `out` stands at 0.  `fill` is the percentage of
 * a page that is used, 50 to 100.  End with dense_close(). */
int dense_open(struct dense *d, struct outfile *out, uint32_t page_size,
               unsigned fill, uint64_t first, struct err *e) MUST_USE;
/* Begin a bucket; its name is borrowed until its end. */
int dense_bucket(struct dense *d, const void *name, size_t len,
                 uint64_t sequence, struct err *e) MUST_USE;
/* Its next entry; keys must rise (ERR_CORRUPT). */
int dense_put(struct dense *d, const void *key, size_t key_len,
              const void *value, size_t value_len, struct err *e) MUST_USE;
int dense_bucket_end(struct dense *d, struct err *e) MUST_USE;
/* A bucket that is there already: its header (and inline page) as it is. */
int dense_adopt(struct dense *d, const void *name, size_t len,
                const void *header, size_t header_len, struct err *e) MUST_USE;
/* Write the tree of buckets, then both metas with the transaction after
 * `txid`.  Syncing is left to the caller: the file is of use to nobody before
 * its name is. */
int dense_finish(struct dense *d, uint64_t txid, uint64_t sequence,
                 struct meta *out_meta, struct err *e) MUST_USE;
void dense_close(struct dense *d);

/* Append one page of `n` elements as they are; *out_page is its number. */
int dense_page(struct dense *d, _Bool leaf, const struct dense_element *items,
               size_t n, uint64_t *out_page, struct err *e) MUST_USE;
/* The bytes that `n` elements make, page header included. */
uint64_t dense_size(_Bool leaf, const struct dense_element *items, size_t n);

#endif
