#include "snapshot/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned char head[24] = {
	0x5e, 0x2a, 0x4d, 0x18, TAIL_LEN - 8, 0, 0, 0,
	'L', 'I', 'F', 'E', 'B', 'O', 'A', 'T', TAIL_VERSION, 0, 0, 0,
};

enum { AT_VERSION = 16, AT_OFFSET = 24, AT_LENGTH = 32, AT_DIGEST = 40 };

static void put64(unsigned char *p, uint64_t v)
{
	for (int i = 0; i < 8; i++, v >>= 8)
		p[i] = (unsigned char)v;
}

static uint64_t get64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

void tail_encode(const struct tail *t, unsigned char out[TAIL_LEN])
{
	(void)memcpy(out, head, sizeof(head));
	put64(out + AT_OFFSET, t->offset);
	put64(out + AT_LENGTH, t->length);
	(void)memcpy(out + AT_DIGEST, t->sha256, DIGEST_LEN);
}

static int read_at(int fd, void *data, size_t len, uint64_t at, struct err *e)
{
	for (char *p = data; len > 0; ) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read the archive's end");
		if (n == 0)
			return err_set(e, ERR_CORRUPT,
			               "the archive became shorter");
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int check_frame(int fd, const struct tail *t, struct err *e)
{
	unsigned char md[DIGEST_LEN];
	void *frame = malloc((size_t)t->length);
	int rc = -1;

	if (frame == NULL)
		return err_nomem(e);
	if (read_at(fd, frame, (size_t)t->length, t->offset, e) < 0 ||
	    digest_of(frame, (size_t)t->length, md, e) < 0)
		goto out;
	if (memcmp(md, t->sha256, DIGEST_LEN) != 0)
		(void)err_set(e, ERR_CORRUPT,
		              "the manifest's part of the archive is damaged");
	else
		rc = 0;
out:
	free(frame);
	return rc;
}

/* No other program ends its archives with a frame to skip of this very length:
 * one that lacks our words was ours before it was damaged. */
static _Bool is_frame(const unsigned char b[TAIL_LEN])
{
	return (b[0] & 0xf0) == 0x50 && memcmp(b + 1, head + 1, 7) == 0;
}

int tail_read(int fd, uint64_t size, struct tail *t, struct err *e)
{
	unsigned char b[TAIL_LEN];
	struct tail r;

	if (size <= TAIL_LEN)
		return err_set(e, ERR_MISSING, "the archive has no index");
	if (read_at(fd, b, sizeof(b), size - TAIL_LEN, e) < 0)
		return -1;
	if (!is_frame(b))
		return err_set(e, ERR_MISSING, "the archive has no index");
	if (memcmp(b, head, AT_VERSION) != 0)
		return err_set(e, ERR_CORRUPT,
		               "the archive's index is damaged");
	if (memcmp(b, head, sizeof(head)) != 0)
		return err_set(e, ERR_MISSING,
		               "the archive's index has an unknown layout");
	r.offset = get64(b + AT_OFFSET);
	r.length = get64(b + AT_LENGTH);
	(void)memcpy(r.sha256, b + AT_DIGEST, DIGEST_LEN);
	if (r.length == 0 || r.length > TAIL_FRAME_MAX ||
	    r.length > size - TAIL_LEN ||
	    r.offset != size - TAIL_LEN - r.length)
		return err_set(e, ERR_CORRUPT,
		               "the archive's index does not fit the file");
	if (check_frame(fd, &r, e) < 0)
		return -1;
	*t = r;
	return 0;
}
