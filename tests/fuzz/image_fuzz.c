/* Any bytes as a database, in pieces: no crash, no leak, bounded work. */
#include <stdint.h>
#include <stdlib.h>

#include "mvcc/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image im = IMAGE_INIT;
	struct err e = ERR_INIT;
	size_t piece = size > 0 ? 1 + (size_t)data[size - 1] * 37 : 1;
	uint32_t hash;
	int rc = image_open(&im, size, (size & 1) == 0, "/tmp", &e);

	for (size_t at = 0; rc == 0 && at < size; at += piece)
		rc = image_feed(&im, data + at,
		                size - at < piece ? size - at : piece, &e);
	if (rc == 0 && image_finish(&im, &e) == 0)
		rc = image_hash_kv(&im, im.sum.revision,
		                   image_effective_compaction(&im.sum), &hash,
		                   &e);
	image_close(&im);
	(void)rc;
	return 0;
}
