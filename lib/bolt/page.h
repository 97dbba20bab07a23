/* page.h - one page of a bbolt file: its header, its elements, its soundness.
 *
 * A page with overflow k is k+1 pages of bytes in one run.  A leaf holds keys
 * with values (or with buckets), a branch holds keys with child pages; both
 * sorted bytewise.  Nothing in here trusts a byte of the input. */
#ifndef BOLT_PAGE_H
#define BOLT_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_META = 0x04,
	PAGE_FREELIST = 0x10,
	PAGE_HEADER = 16, PAGE_ELEMENT = 16,
	PAGE_KEY_MAX = 32768,           /* bytes of a key in bbolt */
	PAGE_BUCKET_HEADER = 16,        /* root page and sequence */
};

/* What can be wrong with a page by itself: code and words after "page N". */
#define PAGE_FAULTS(X) \
	X(PAGE_FINE, "is sound") \
	X(PAGE_WRONG_ID, "bears the number of another page") \
	X(PAGE_WRONG_TYPE, "is neither branch nor leaf") \
	X(PAGE_PAST_END, "runs past the end of the file") \
	X(PAGE_TOO_LARGE, "is larger than this program handles") \
	X(PAGE_CROWDED, "lies among too many overlapping large pages") \
	X(PAGE_BOUNDS, "has an element outside of itself") \
	X(PAGE_NO_KEY, "has an empty or too long key") \
	X(PAGE_ORDER, "has keys out of order") \
	X(PAGE_NO_CHILD, "is a branch without children") \
	X(PAGE_BAD_CHILD, "names a child outside the file") \
	X(PAGE_BAD_FLAGS, "has an element with unknown flags") \
	X(PAGE_BAD_LIST, "is not a sorted list of free pages")

enum page_fault {
#define X(fault, text) fault,
	PAGE_FAULTS(X)
#undef X
};
/* The words for `fault`. */
const char *page_fault_text(enum page_fault fault);

struct page {
	const unsigned char *data;
	size_t size;                    /* the whole run, header included */
	uint64_t id;
	uint32_t overflow;
	uint16_t flags, count;
};

struct page_item {                      /* an element of a leaf */
	const unsigned char *key, *value;
	uint32_t key_len, value_len;
	_Bool is_bucket;
};

struct page_child {                     /* an element of a branch */
	const unsigned char *key;
	uint32_t key_len;
	uint64_t page;
};

/* Read the header at `data`; `size` is what the page may use.  Never fails. */
void page_view(struct page *p, const void *data, size_t size);
/* Check a leaf or branch whole: bounds, flags, keys, order; a branch's children
 * lie in [2, pages).  `at` says which element is at fault. */
enum page_fault page_check(const struct page *p, uint64_t pages, unsigned *at);
/* Element `i` of a page that page_check() found fine. */
struct page_item page_item(const struct page *p, unsigned i);
struct page_child page_child(const struct page *p, unsigned i);
/* Bytes of the page that hold something, header included. */
size_t page_used(const struct page *p);
/* A freelist page: how many ids, and id `i`.  page_list_check() first. */
enum page_fault page_list_check(const struct page *p, uint64_t pages);
uint64_t page_list_count(const struct page *p);
uint64_t page_list_id(const struct page *p, uint64_t i);
/* As memcmp, the shorter first when one begins the other. */
int page_key_cmp(const void *a, size_t a_len, const void *b, size_t b_len);

#endif
