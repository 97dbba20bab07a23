#include "etcd/snapshot_stream.h"

#include <string.h>

/* Fields of etcd's SnapshotResponse; 1 is a header that is never set. */
enum { FIELD_REMAINING = 2, FIELD_BLOB = 3, FIELD_VERSION = 4 };

enum state {
	AT_KEY,                 /* in the varint of field and wire type */
	AT_NUMBER,              /* in a varint field */
	AT_LENGTH,              /* in the length of a bytes field */
	IN_BLOB,
	IN_VERSION,
	IN_OTHER,               /* bytes to skip */
};

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static int broken(struct err *e)
{
	return err_set(e, ERR_REMOTE, "snapshot: a message is broken");
}

void snapshot_stream_init(struct snapshot_stream *s,
                          const struct snapshot_stream_sink *sink)
{
	*s = (struct snapshot_stream){ .sink = sink };
}

/* ---- the rules ---- */

/* The first message tells the size: what it holds and what remains. */
static int learn_size(struct snapshot_stream *s, struct err *e)
{
	uint64_t size;

	if (__builtin_add_overflow(s->remaining, s->blob_len, &size) ||
	    size > INT64_MAX || size == 0 || size % 512 != 0)
		return err_set(e, ERR_REMOTE, "snapshot: the server announces "
		               "%llu + %llu bytes, which is no database",
		               (unsigned long long)s->blob_len,
		               (unsigned long long)s->remaining);
	s->size = size;
	s->sized = 1;
	if (s->sink->size == NULL)
		return 0;
	s->sink_failed = s->sink->size(s->sink->arg, size, e) < 0;
	return s->sink_failed ? -1 : 0;
}

static int begin_blob(struct snapshot_stream *s, struct err *e)
{
	uint64_t room;

	if (s->has_blob)
		return broken(e);
	s->has_blob = 1;
	s->blob_len = s->left;
	if (!s->sized && learn_size(s, e) < 0)
		return -1;
	room = s->taken < s->size ? s->size - s->taken
	                          : SNAPSHOT_STREAM_DIGEST - s->digest_len;
	if (s->blob_len > room)
		return err_set(e, ERR_REMOTE, "snapshot: the server sends more "
		               "than the %llu bytes it announced",
		               (unsigned long long)s->size);
	return 0;
}

static int take_blob(struct snapshot_stream *s, const unsigned char *p,
                     size_t n, struct err *e)
{
	/* blob_len fits what is missing, so a blob is image or digest. */
	if (s->taken < s->size) {
		s->taken += n;
		s->sink_failed = s->sink->data(s->sink->arg, p, n, e) < 0;
		return s->sink_failed ? -1 : 0;
	}
	(void)memcpy(s->digest + s->digest_len, p, n);
	s->digest_len += n;
	return 0;
}

static int end_message(struct snapshot_stream *s, struct err *e)
{
	if (s->state != AT_KEY || s->shift != 0)
		return broken(e);
	if (!s->sized && learn_size(s, e) < 0)
		return -1;
	if (s->remaining != s->size - s->taken)
		return err_set(e, ERR_REMOTE, "snapshot: the server says that "
		               "%llu bytes remain, but %llu of %llu do",
		               (unsigned long long)s->remaining,
		               (unsigned long long)(s->size - s->taken),
		               (unsigned long long)s->size);
	s->empty = s->blob_len > 0 ? 0 : s->empty + 1;
	if (s->empty > SNAPSHOT_STREAM_EMPTY_MAX)
		return err_set(e, ERR_REMOTE, "snapshot: the server sends "
		               "nothing but empty messages after %llu of %llu "
		               "bytes", (unsigned long long)s->taken,
		               (unsigned long long)s->size);
	return 0;
}

int snapshot_stream_finish(const struct snapshot_stream *s, struct err *e)
{
	if (!s->sized)
		return err_set(e, ERR_REMOTE,
		               "snapshot: the server sent nothing");
	if (s->taken < s->size)
		return err_set(e, ERR_REMOTE, "snapshot: the server ended it "
		               "after %llu of %llu bytes",
		               (unsigned long long)s->taken,
		               (unsigned long long)s->size);
	if (s->digest_len < SNAPSHOT_STREAM_DIGEST)
		return err_set(e, ERR_REMOTE, "snapshot: the server ended it "
		               "without the digest of its bytes");
	return 0;
}

/* ---- protobuf, a byte at a time outside the blobs ---- */

int snapshot_stream_begin(void *arg, size_t len, struct err *e)
{
	struct snapshot_stream *s = arg;

	(void)len;
	(void)e;
	s->state = AT_KEY;
	s->shift = 0;
	s->varint = 0;
	s->remaining = 0;
	s->blob_len = 0;
	s->has_blob = 0;
	return 0;
}

static int take_key(struct snapshot_stream *s, uint64_t key, struct err *e)
{
	static const unsigned char wire_of[] = {
		[FIELD_REMAINING] = WIRE_VARINT, [FIELD_BLOB] = WIRE_BYTES,
		[FIELD_VERSION] = WIRE_BYTES,
	};
	unsigned wire = key & 7;

	if (key >> 3 == 0 || key >> 3 > (1U << 29) - 1)
		return broken(e);
	s->field = (unsigned)(key >> 3);
	if (s->field >= FIELD_REMAINING && s->field <= FIELD_VERSION &&
	    wire != wire_of[s->field])
		return broken(e);
	switch (wire) {
	case WIRE_VARINT:
		s->state = AT_NUMBER;
		return 0;
	case WIRE_BYTES:
		s->state = AT_LENGTH;
		return 0;
	case WIRE_64:
	case WIRE_32:
		s->state = IN_OTHER;
		s->left = wire == WIRE_64 ? 8 : 4;
		return 0;
	default:
		return broken(e);
	}
}

static void take_number(struct snapshot_stream *s, uint64_t v)
{
	/* Servers send it before the blob; the size is taken from it there,
	 * so that one which comes later can only contradict. */
	s->state = AT_KEY;
	if (s->field == FIELD_REMAINING)
		s->remaining = v;
}

static int take_length(struct snapshot_stream *s, uint64_t len, struct err *e)
{
	/* Longer than any message: cannot end within this one. */
	if (len > SNAPSHOT_STREAM_MESSAGE_MAX)
		return broken(e);
	s->left = len;
	s->state = s->field == FIELD_BLOB ? IN_BLOB :
	           s->field == FIELD_VERSION ? IN_VERSION : IN_OTHER;
	if (s->state == IN_VERSION)
		s->version_len = 0;
	if (s->state == IN_BLOB && begin_blob(s, e) < 0)
		return -1;
	if (len == 0)
		s->state = AT_KEY;
	return 0;
}

static int take_byte(struct snapshot_stream *s, unsigned char c, struct err *e)
{
	uint64_t v;

	if (s->shift == 63 && c > 1)
		return broken(e);
	s->varint |= (uint64_t)(c & 0x7f) << s->shift;
	if (c & 0x80) {
		s->shift += 7;
		return 0;
	}
	v = s->varint;
	s->varint = 0;
	s->shift = 0;
	if (s->state == AT_KEY)
		return take_key(s, v, e);
	if (s->state == AT_LENGTH)
		return take_length(s, v, e);
	take_number(s, v);
	return 0;
}

static void take_version(struct snapshot_stream *s, const unsigned char *p,
                         size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s->version_len < sizeof(s->version) - 1)
			s->version[s->version_len++] =
				p[i] > 0x20 && p[i] < 0x7f ? (char)p[i] : '?';
	s->version[s->version_len] = '\0';
}

static int take_bytes(struct snapshot_stream *s, const unsigned char *p,
                      size_t len, struct err *e)
{
	size_t n;

	while (len > 0) {
		if (s->state < IN_BLOB) {
			if (take_byte(s, *p++, e) < 0)
				return -1;
			len--;
			continue;
		}
		n = len < s->left ? len : (size_t)s->left;
		if (s->state == IN_BLOB && take_blob(s, p, n, e) < 0)
			return -1;
		if (s->state == IN_VERSION)
			take_version(s, p, n);
		p += n;
		len -= n;
		s->left -= n;
		if (s->left == 0)
			s->state = AT_KEY;
	}
	return 0;
}

/* ---- the sink of frames ---- */

static int blame(struct snapshot_stream *s, int rc)
{
	if (rc < 0)
		s->refused = !s->sink_failed;
	return rc;
}

int snapshot_stream_bytes(void *arg, const void *data, size_t len,
                          struct err *e)
{
	struct snapshot_stream *s = arg;

	return blame(s, take_bytes(s, data, len, e));
}

int snapshot_stream_end(void *arg, struct err *e)
{
	struct snapshot_stream *s = arg;

	return blame(s, end_message(s, e));
}
