/* image_leaf.h - sum up a leaf page of an etcd database as it comes by. */
#ifndef MVCC_IMAGE_LEAF_H
#define MVCC_IMAGE_LEAF_H

#include "mvcc/image.h"

/* What a leaf page holds, told from the shape of its keys. */
enum image_leaf_kind {
	IMAGE_LEAF_EMPTY, IMAGE_LEAF_BUCKETS, IMAGE_LEAF_ROWS,
	IMAGE_LEAF_LEASES, IMAGE_LEAF_OTHER,
};

/* The callbacks of a struct scan_owner; `arg` is the struct image.  The sum's
 * tag is the first of the page's rows in the log. */
int image_leaf_take(void *arg, const struct page *p, struct scan_leaf *sum,
                    struct err *e) MUST_USE;
size_t image_leaf_edge(void *arg, const struct scan_leaf *sum, _Bool last,
                       unsigned char *key);
/* The words for sum->fault, after "revision N"; NULL when there is none. */
const char *image_leaf_fault_text(const struct scan_leaf *sum);

#endif
