#include "raft/wal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "bolt/bytes.h"
#include "raft/message.h"

#define LENGTH_MASK UINT64_C(0x00ffffffffffffff)

/* ---- writing ---- */

static void put_frame(struct wal_out *w, unsigned type, const void *data,
                      size_t len)
{
	static const unsigned char zeros[8];
	unsigned char head[8];
	size_t pad;

	buf_clear(&w->scratch);
	message_u64(&w->scratch, 1, type);
	message_u64(&w->scratch, 2, w->crc);
	if (data != NULL)
		message_bytes(&w->scratch, 3, data, len);
	pad = (8 - w->scratch.len % 8) % 8;
	bytes_put_le64(head, w->scratch.len |
	               (pad == 0 ? 0 : (uint64_t)(0x80 | pad) << 56));
	buf_append(w->b, head, sizeof(head));
	buf_append(w->b, w->scratch.data, w->scratch.len);
	buf_append(w->b, zeros, pad);
	if (w->scratch.failed)
		w->b->failed = 1;
}

void wal_begin(struct wal_out *w, struct buf *b, uint32_t crc)
{
	*w = (struct wal_out){ .b = b, .crc = crc,
	                       .scratch = BUF_INIT(BUF_MAX_TEXT) };
	put_frame(w, WAL_CRC, NULL, 0);
}

void wal_put(struct wal_out *w, unsigned type, const void *data, size_t len)
{
	w->crc = crc32c_update(w->crc, data, len);
	put_frame(w, type, data, len);
}

void wal_end(struct wal_out *w)
{
	buf_close(&w->scratch);
}

void wal_name(uint64_t sequence, uint64_t index, char out[WAL_NAME_LEN + 1])
{
	(void)snprintf(out, WAL_NAME_LEN + 1, "%016" PRIx64 "-%016" PRIx64
	               ".wal", sequence, index);
}

_Bool wal_parse_name(const char *name, uint64_t *sequence, uint64_t *index)
{
	char again[WAL_NAME_LEN + 1];
	uint64_t s, i;

	if (sscanf(name, "%16" SCNx64 "-%16" SCNx64, &s, &i) != 2)
		return 0;
	wal_name(s, i, again);
	if (strcmp(name, again) != 0)
		return 0;
	*sequence = s;
	*index = i;
	return 1;
}

/* ---- reading ---- */

void wal_in_open(struct wal_in *w, int fd, uint32_t crc)
{
	*w = (struct wal_in){ .fd = fd, .crc = crc };
}

static int bad(const struct wal_in *w, const char *what, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "wal record at %" PRIu64 " %s", w->at,
	               what);
}

/* Up to `len` bytes at `at`; fewer only at the end of the file. */
static int read_at(const struct wal_in *w, uint64_t at, void *out, size_t len,
                   size_t *got, struct err *e)
{
	size_t sum = 0;

	while (sum < len) {
		ssize_t n = pread(w->fd, (char *)out + sum, len - sum,
		                  (off_t)(at + sum));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot read the wal");
		if (n == 0)
			break;
		sum += (size_t)n;
	}
	*got = sum;
	return 0;
}

static int read_frame(struct wal_in *w, size_t len, size_t pad, struct err *e)
{
	size_t got;

	if (len + pad > w->cap) {
		unsigned char *p = realloc(w->frame, len + pad);

		if (p == NULL)
			return err_nomem(e);
		w->frame = p;
		w->cap = len + pad;
	}
	if (read_at(w, w->at + 8, w->frame, len + pad, &got, e) < 0)
		return -1;
	return got < len + pad ? bad(w, "is cut short", e) : 0;
}

static int parse_record(const struct wal_in *w, size_t len,
                        struct wal_record *r, struct err *e)
{
	const unsigned char *at = w->frame, *end = at + len;
	struct message_field f;

	*r = (struct wal_record){ .offset = w->at, .data = end };
	while (at < end) {
		if (!message_next(&f, &at, end) ||
		    (f.number <= 2 && f.type != 0) ||
		    (f.number == 3 && f.type != 2))
			return bad(w, "is no record", e);
		if (f.number == 1)
			r->type = (unsigned)f.value;
		else if (f.number == 2)
			r->crc = (uint32_t)f.value;
		else if (f.number == 3) {
			r->data = f.data;
			r->len = f.len;
		}
	}
	return 0;
}

static int check_crc(struct wal_in *w, const struct wal_record *r,
                     struct err *e)
{
	if (r->type == WAL_CRC) {
		if (w->crc != 0 && r->crc != w->crc)
			return bad(w, "does not continue the segment before",
			           e);
		w->crc = r->crc;
		w->seeded = 1;
		return 0;
	}
	if (!w->seeded)
		return bad(w, "stands before the first checksum", e);
	if (r->type < WAL_METADATA || r->type > WAL_SNAPSHOT)
		return bad(w, "has an unknown type", e);
	w->crc = crc32c_update(w->crc, r->data, r->len);
	return r->crc == w->crc ? 0 : bad(w, "has a wrong checksum", e);
}

int wal_in_next(struct wal_in *w, struct wal_record *out, _Bool *found,
                struct err *e)
{
	unsigned char head[8];
	struct wal_record r;
	uint64_t field, len;
	size_t got, pad = 0;

	*found = 0;
	if (read_at(w, w->at, head, sizeof(head), &got, e) < 0)
		return -1;
	if (got == 0)
		return 0;
	if (got < sizeof(head))
		return bad(w, "is cut short", e);
	field = bytes_le64(head);
	if (field == 0)
		return 0;
	len = field & LENGTH_MASK;
	if (field >> 63 != 0)
		pad = field >> 56 & 7;
	if (len == 0 || len > WAL_RECORD_MAX || (len + pad) % 8 != 0)
		return bad(w, "has an impossible length", e);
	if (read_frame(w, (size_t)len, pad, e) < 0 ||
	    parse_record(w, (size_t)len, &r, e) < 0 ||
	    check_crc(w, &r, e) < 0)
		return -1;
	w->at += 8 + len + pad;
	*out = r;
	*found = 1;
	return 0;
}

void wal_in_close(struct wal_in *w)
{
	free(w->frame);
	*w = (struct wal_in)WAL_IN_INIT;
}
