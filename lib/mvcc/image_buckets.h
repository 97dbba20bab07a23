/* image_buckets.h - walk the buckets of an etcd database that has streamed by:
 * sum them up, read the small ones, put the rows of `key` in order. */
#ifndef MVCC_IMAGE_BUCKETS_H
#define MVCC_IMAGE_BUCKETS_H

#include "mvcc/image.h"

/* Fills im->sum and the runs of im->rows; damage goes to im->findings. */
int image_buckets_walk(struct image *im, struct err *e) MUST_USE;

#endif
