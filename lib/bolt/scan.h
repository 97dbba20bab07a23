/* scan.h - read a whole bbolt file in one pass, then judge it.
 *
 * While the bytes stream by, every plausible page is checked by itself and
 * summed up in a few bytes; leaves are handed to the owner, which says what
 * they hold.  When all bytes have come the trees are walked over those sums:
 * every page reached once or free once, types, order of keys across pages,
 * ranges, both metas (the checks of bbolt's own `check`, and those that it
 * leaves to assertions: etcd-formats, "What a full checker verifies").
 *
 * Memory: about 36 bytes a leaf page, 22 a branch element, 4 a page, and the
 * window of open page runs. */
#ifndef BOLT_SCAN_H
#define BOLT_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "bolt/findings.h"
#include "bolt/meta.h"
#include "bolt/window.h"

/* What the owner says of a leaf page. */
struct scan_leaf {
	uint32_t crc;                   /* CRC32C of keys and values in order */
	uint32_t len;                   /* bytes of those keys and values */
	uint32_t tag;                   /* the owner's, as is */
	uint16_t count;                 /* elements; filled by scan */
	uint16_t fault_at;              /* the owner's */
	uint8_t kind, fault;            /* the owner's */
	_Bool keep;                     /* hold a copy of the page's content */
	_Bool is_branch;                /* scan's own */
};

struct scan_owner {
	/* Sum up the sound leaf page `p` (which may turn out to be free). */
	int (*leaf)(void *arg, const struct page *p, struct scan_leaf *sum,
	            struct err *e);
	/* The first (or last) key of a leaf that was not kept: its length;
	 * `key` has room for SCAN_EDGE bytes. */
	size_t (*edge)(void *arg, const struct scan_leaf *sum, _Bool last,
	               unsigned char *key);
	void *arg;
};
enum { SCAN_EDGE = 32 };

struct scan_record;                     /* scan_record.h */

struct scan {
	struct scan_owner owner;
	struct findings *findings;      /* borrowed */
	uint64_t image_size;            /* bytes that will come */
	_Bool exact;                    /* no byte may follow the last page */
	unsigned char *head;            /* the bytes before page 2 */
	size_t head_len, head_want;
	_Bool started;                  /* the metas are known */
	struct meta meta;               /* the one in force */
	struct window window;
	uint64_t seen;                  /* bytes fed */
	uint32_t *refs;                 /* per page: fault or record number */
	struct scan_record **chunks;
	uint32_t n_records, n_chunks;
	size_t kept_bytes;
	struct page freelist;           /* a copy, when there is one on disk */
	unsigned char *reached;         /* a bit a page, during the walks */
};
#define SCAN_INIT { .image_size = 0 }

/* Begin a file of `image_size` bytes.  With `exact` (a snapshot) that must be
 * just its pages; without (a copy of a live file) free space may follow. */
int scan_open(struct scan *s, const struct scan_owner *owner,
              uint64_t image_size, _Bool exact, struct findings *f,
              struct err *e) MUST_USE;
/* The next bytes.  ERR_CORRUPT when it makes no sense to go on: no valid meta,
 * or a size that cannot be.  Other damage goes to the findings. */
int scan_feed(struct scan *s, const void *data, size_t len,
              struct err *e) MUST_USE;
/* All bytes have come: ERR_CORRUPT when there were fewer than promised. */
int scan_end(struct scan *s, struct err *e) MUST_USE;

/* Called for each leaf of a tree in key order; `content` is NULL unless the
 * leaf was kept. */
struct scan_visitor {
	int (*leaf)(void *arg, uint64_t page, const struct scan_leaf *sum,
	            const struct page *content, struct err *e);
	void *arg;
};
/* Walk the tree at page `root`, checking it; `bucket` names it in findings. */
int scan_walk(struct scan *s, uint64_t root, const char *bucket,
              const struct scan_visitor *v, struct err *e) MUST_USE;
/* After all walks: pages neither reached nor free, or both; and how many pages
 * are free. */
int scan_walk_account(struct scan *s, uint64_t *free_pages,
                      struct err *e) MUST_USE;
/* After the walks: free all but the meta and the sizes. */
void scan_release(struct scan *s);
void scan_close(struct scan *s);

#endif
