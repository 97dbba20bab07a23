/* Whatever the bytes are: reading them as a snapshot ends, takes no more than
 * the bounds, gives each part at most its size, and never crashes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "snapshot/archive_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read a part; small ones into memory, as the programs do. */
static int read_part(struct archive_in *a, const struct part *p, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_STATE);
	const void *data;
	uint64_t sum = 0;
	size_t len;
	int rc = -1;

	if (p->role == PART_MANIFEST || p->role == PART_CONFIG) {
		rc = archive_in_slurp(a, &b, e);
		if (rc == 0 && b.len != p->size)
			abort();
		buf_close(&b);
		return rc;
	}
	/* A small file may hold gigabytes of zeros: some are enough. */
	do {
		if (archive_in_read(a, &data, &len, e) < 0)
			return -1;
		sum += len;
		if (sum > p->size)
			abort();
	} while (len > 0 && sum < 8 << 20);
	if (len == 0 && sum != p->size)
		abort();
	return sum < 8 << 20 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_in *a = NULL;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = ERR_INIT;
	const struct part *p;
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (archive_in_manifest_fast(fd, &b, &e) == 0 && b.len > BUF_MAX_TEXT)
		abort();
	if (archive_in_open_fd(&a, fd, &e) == 0)
		while (archive_in_next(a, &p, &e) == 0 && p != NULL &&
		       read_part(a, p, &e) == 0)
			;
	archive_in_close(a);
	buf_close(&b);
	(void)close(fd);
	return 0;
}
