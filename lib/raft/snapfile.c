#include "raft/snapfile.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/crc32c.h"
#include "raft/message.h"

void snapfile_name(uint64_t term, uint64_t index,
                   char out[SNAPFILE_NAME_LEN + 1])
{
	(void)snprintf(out, SNAPFILE_NAME_LEN + 1, "%016" PRIx64 "-%016" PRIx64
	               ".snap", term, index);
}

void snapfile_write(const struct snapfile *s, struct buf *b)
{
	struct buf conf = BUF_INIT(BUF_MAX_LINE), meta = BUF_INIT(BUF_MAX_LINE);
	struct buf snap = BUF_INIT(BUF_MAX_TEXT);

	message_conf_state(&conf, s->voters, s->n_voters);
	message_bytes(&meta, 1, conf.data, conf.len);
	message_u64(&meta, 2, s->index);
	message_u64(&meta, 3, s->term);
	message_bytes(&snap, 1, s->data, s->data_len);
	message_bytes(&snap, 2, meta.data, meta.len);
	if (conf.failed || meta.failed || snap.failed) {
		b->failed = 1;
	} else {
		message_u64(b, 1, crc32c_update(0, snap.data, snap.len));
		message_bytes(b, 2, snap.data, snap.len);
	}
	buf_close(&conf);
	buf_close(&meta);
	buf_close(&snap);
}

static _Bool add_voter(struct snapfile *s, uint64_t id)
{
	if (s->n_voters == SNAPFILE_VOTERS)
		return 0;
	s->voters[s->n_voters++] = id;
	return 1;
}

static _Bool read_conf(struct snapfile *s, const unsigned char *at,
                       const unsigned char *end)
{
	struct message_field f;

	while (at < end)
		if (!message_next(&f, &at, end) ||
		    (f.number == 1 && (f.type != 0 || !add_voter(s, f.value))))
			return 0;
	return 1;
}

static _Bool read_meta(struct snapfile *s, const unsigned char *at,
                       const unsigned char *end)
{
	struct message_field f;

	while (at < end) {
		if (!message_next(&f, &at, end))
			return 0;
		if (f.number == 1 && (f.type != 2 ||
		    !read_conf(s, f.data, f.data + f.len)))
			return 0;
		if (f.number == 2)
			s->index = f.value;
		if (f.number == 3)
			s->term = f.value;
	}
	return 1;
}

static _Bool read_snapshot(struct snapfile *s, const unsigned char *at,
                           const unsigned char *end)
{
	struct message_field f;

	while (at < end) {
		if (!message_next(&f, &at, end) ||
		    (f.number <= 2 && f.type != 2))
			return 0;
		if (f.number == 1) {
			s->data = f.data;
			s->data_len = f.len;
		}
		if (f.number == 2 && !read_meta(s, f.data, f.data + f.len))
			return 0;
	}
	return 1;
}

int snapfile_read(struct snapfile *s, const void *data, size_t len,
                  struct err *e)
{
	const unsigned char *at = data, *end = at + len;
	struct message_field f, body = { .data = NULL };
	struct snapfile got = { .index = 0, .data = end };
	uint64_t crc = 0;

	while (at < end) {
		if (!message_next(&f, &at, end) ||
		    (f.number == 1 && f.type != 0) ||
		    (f.number == 2 && f.type != 2))
			return err_set(e, ERR_CORRUPT, "not a raft snapshot");
		if (f.number == 1)
			crc = f.value;
		if (f.number == 2)
			body = f;
	}
	if (body.data == NULL)
		return err_set(e, ERR_CORRUPT, "the raft snapshot is empty");
	if (crc != crc32c_update(0, body.data, body.len))
		return err_set(e, ERR_CORRUPT,
		               "the raft snapshot has a wrong checksum");
	if (!read_snapshot(&got, body.data, body.data + body.len))
		return err_set(e, ERR_CORRUPT, "not a raft snapshot");
	*s = got;
	return 0;
}
