/* meta.h - the two meta pages at the head of a bbolt file.
 *
 * Format: bbolt's file version 2, little endian; etcd-formats "Pages".  A meta
 * page names the root of the top-level tree and the number of pages; the valid
 * one with the larger transaction id is in force. */
#ifndef BOLT_META_H
#define BOLT_META_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	META_BYTES = 80,                /* page header and meta, from a page's
	                                 * first byte on */
	META_PAGE_MIN = 1024,           /* page sizes that bbolt can use */
	META_PAGE_MAX = 16 << 20,
};
#define META_NO_FREELIST UINT64_MAX     /* the list is not kept on disk */

struct meta {
	uint32_t page_size;
	uint64_t root;                  /* page of the top-level tree's root */
	uint64_t sequence;
	uint64_t freelist;              /* its page, or META_NO_FREELIST */
	uint64_t pages;                 /* the high-water mark, in pages */
	uint64_t txid;
};

/* Read the meta in `page` (META_BYTES at least).  ERR_CORRUPT says what is
 * wrong with it: magic, version, checksum, or a field out of range. */
int meta_parse(struct meta *m, const void *page, size_t len,
               struct err *e) MUST_USE;
/* Write `m` as page `id` into META_BYTES at `page`. */
void meta_format(const struct meta *m, uint64_t id, void *page);
/* The one of two that is in force; either may be NULL (not valid). */
const struct meta *meta_choose(const struct meta *a, const struct meta *b);

#endif
