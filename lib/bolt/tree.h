/* tree.h - look around in a bbolt file: buckets, keys in order, single keys.
 *
 * The file is mapped and never written.  It is hostile: a page is checked whole
 * when it is touched first, its place in the tree each time, and no walk visits
 * more pages than the file has; damage is ERR_CORRUPT and names page and
 * bucket.
 * This is no full check of the file (image.h, scan.h): only what is touched is
 * looked at.
 *
 * The file must have all its pages when it is opened.  Should another program
 * change it meanwhile, tree_unchanged() tells afterwards; one that cuts it off
 * ends this process with SIGBUS.
 *
 * Keys and values point into the mapping and live until tree_close(). */
#ifndef BOLT_TREE_H
#define BOLT_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "bolt/meta.h"
#include "bolt/page.h"

enum { TREE_DEPTH_MAX = 64, TREE_NAME_MAX = 96 };

struct tree {
	int fd;                         /* borrowed */
	struct stat st;                 /* as it was opened */
	unsigned char *map;
	size_t map_len;
	struct meta meta;
	unsigned char *checked;         /* a bit a page */
};
#define TREE_INIT { .fd = -1 }

struct tree_bucket {
	char name[TREE_NAME_MAX];       /* for messages */
	uint64_t root, sequence;        /* root 0: the bucket lies inline */
	struct page inlined;
};

struct tree_step { struct page page; unsigned at; };

struct tree_cursor {
	struct tree *tree;
	struct tree_bucket bucket;
	struct tree_step path[TREE_DEPTH_MAX];
	unsigned depth;                 /* steps in use; 0: at the end */
	uint64_t visits;
	const unsigned char *last;      /* the key handed out last */
	size_t last_len;
};

/* Map `fd`, which stays the caller's and must stay open.  Bytes behind the last
 * page (a digest, free space) are ignored. */
int tree_open(struct tree *t, int fd, struct err *e) MUST_USE;
/* ERR_REFUSED when the file was changed since tree_open(). */
int tree_unchanged(const struct tree *t, struct err *e) MUST_USE;
void tree_close(struct tree *t);

/* The tree whose entries are the buckets. */
void tree_top(const struct tree *t, struct tree_bucket *out);
/* The bucket that an entry of the top tree is. */
int tree_bucket_of(const struct tree *t, const struct page_item *item,
                   struct tree_bucket *out, struct err *e) MUST_USE;
/* The bucket `name`; ERR_MISSING when there is none. */
int tree_bucket(struct tree *t, const char *name, struct tree_bucket *out,
                struct err *e) MUST_USE;

/* Stand before the first key, or before the first one not below `key`. */
int tree_first(struct tree_cursor *c, struct tree *t,
               const struct tree_bucket *b, struct err *e) MUST_USE;
int tree_seek(struct tree_cursor *c, struct tree *t,
              const struct tree_bucket *b, const void *key, size_t len,
              struct err *e) MUST_USE;
/* The next entry; *found is false at the end. */
int tree_next(struct tree_cursor *c, struct page_item *out, _Bool *found,
              struct err *e) MUST_USE;
/* The entry of exactly `key`; *found is false when there is none. */
int tree_get(struct tree *t, const struct tree_bucket *b, const void *key,
             size_t len, struct page_item *out, _Bool *found,
             struct err *e) MUST_USE;
/* The last entry; *found is false when the bucket is empty. */
int tree_last(struct tree *t, const struct tree_bucket *b,
              struct page_item *out, _Bool *found, struct err *e) MUST_USE;
/* The way to the last key: path[0] is the root, depth at least 1. */
int tree_right_edge(struct tree_cursor *c, struct tree *t,
                    const struct tree_bucket *b, struct err *e) MUST_USE;

#endif
