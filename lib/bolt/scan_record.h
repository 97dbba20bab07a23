/* scan_record.h - what scan keeps of a page; for scan.c and scan_walk.c. */
#ifndef BOLT_SCAN_RECORD_H
#define BOLT_SCAN_RECORD_H

#include "bolt/bytes.h"
#include "bolt/scan.h"

enum {
	SCAN_CHUNK = 4096,              /* records allocated together */
	SCAN_FIRST_REF = 32,            /* refs below are 0 or a fault */
	SCAN_CHILD = 6,                 /* bytes of a packed child's head */
};

struct scan_record {
	struct scan_leaf leaf;
	uint32_t overflow;
	unsigned char *content;         /* a leaf's page, or packed children */
};

static inline struct scan_record *scan_record(const struct scan *s, uint32_t n)
{
	return &s->chunks[n / SCAN_CHUNK][n % SCAN_CHUNK];
}

/* A branch's children are packed: page, length of the key, key. */
static inline struct page_child scan_unpack_child(const unsigned char **at)
{
	struct page_child c = {
		.page = bytes_le32(*at),
		.key_len = bytes_le16(*at + 4),
		.key = *at + SCAN_CHILD,
	};

	*at += SCAN_CHILD + c.key_len;
	return c;
}

#endif
