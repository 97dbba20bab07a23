#include "raft/bootstrap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "raft/message.h"
#include "raft/snapfile.h"
#include "raft/wal.h"

enum { CONF_CHANGE = 1, ADD_NODE = 0, VOTERS_MAX = MEMBERS_MAX };

uint64_t bootstrap_index(const struct members *m)
{
	return m->n;
}

/* ---- the log ---- */

/* Put what `b` holds as a record, and empty it. */
static void put(struct wal_out *w, unsigned type, struct buf *b)
{
	if (b->failed)
		w->b->failed = 1;
	else
		wal_put(w, type, b->data, b->len);
	buf_clear(b);
}

static void put_entries(struct wal_out *w, const struct members *m,
                        struct buf *b)
{
	struct buf json = BUF_INIT(MEMBERS_JSON_MAX);
	struct buf change = BUF_INIT(2 * MEMBERS_JSON_MAX);

	for (size_t i = 0; i < m->n; i++) {
		buf_clear(&json);
		buf_clear(&change);
		members_json(&m->list[i], &json);
		message_u64(&change, 1, 0);
		message_u64(&change, 2, ADD_NODE);
		message_u64(&change, 3, m->list[i].id);
		message_bytes(&change, 4, json.data, json.len);
		message_u64(b, 1, CONF_CHANGE);
		message_u64(b, 2, BOOTSTRAP_TERM);
		message_u64(b, 3, i + 1);
		message_bytes(b, 4, change.data, change.len);
		if (json.failed || change.failed)
			b->failed = 1;
		put(w, WAL_ENTRY, b);
	}
	buf_close(&json);
	buf_close(&change);
}

static void put_conf(const struct members *m, struct buf *b)
{
	uint64_t voters[VOTERS_MAX];

	for (size_t i = 0; i < m->n; i++)
		voters[i] = m->list[i].id;
	message_conf_state(b, voters, m->n);
}

static void put_all(struct wal_out *w, const struct members *m,
                    const struct members_one *self, struct buf *b)
{
	struct buf conf = BUF_INIT(BUF_MAX_LINE);

	message_u64(b, 1, self->id);
	message_u64(b, 2, m->cluster_id);
	put(w, WAL_METADATA, b);
	message_u64(b, 1, 0);
	message_u64(b, 2, 0);
	put(w, WAL_SNAPSHOT, b);
	put_entries(w, m, b);
	message_u64(b, 1, BOOTSTRAP_TERM);
	message_u64(b, 2, m->list[0].id);
	message_u64(b, 3, bootstrap_index(m));
	put(w, WAL_STATE, b);
	put_conf(m, &conf);
	message_u64(b, 1, bootstrap_index(m));
	message_u64(b, 2, BOOTSTRAP_TERM);
	message_bytes(b, 3, conf.data, conf.len);
	if (conf.failed)
		b->failed = 1;
	put(w, WAL_SNAPSHOT, b);
	buf_close(&conf);
}

int bootstrap_wal(const struct members *m, const struct members_one *self,
                  struct buf *b, struct err *e)
{
	struct buf record = BUF_INIT(BUF_MAX_TEXT);
	struct wal_out w;

	wal_begin(&w, b, 0);
	put_all(&w, m, self, &record);
	wal_end(&w);
	buf_close(&record);
	return buf_check(b, e);
}

/* ---- the snapshot ---- */

/* A node of etcd's old (v2) store up to its children or value. */
static void node(struct buf *b, const char *path, size_t index)
{
	buf_printf(b, "{\"Path\":\"%s\",\"CreatedIndex\":%zu,"
	           "\"ModifiedIndex\":%zu,"
	           "\"ExpireTime\":\"0001-01-01T00:00:00Z\",\"Value\":", path,
	           index, index);
}

/* The attributes are JSON within a JSON string. */
static void quoted(struct buf *b, const struct buf *text)
{
	buf_puts(b, "\"");
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '"' || text->data[i] == '\\')
			buf_puts(b, "\\");
		buf_append(b, text->data + i, 1);
	}
	buf_puts(b, "\"");
}

static void store_member(const struct members_one *m, size_t index,
                         struct buf *b)
{
	struct buf attributes = BUF_INIT(MEMBERS_JSON_MAX);
	char path[64];

	(void)snprintf(path, sizeof(path), "/0/members/%" PRIx64, m->id);
	buf_printf(b, "\"%" PRIx64 "\":", m->id);
	node(b, path, index);
	buf_puts(b, "\"\",\"Children\":{\"raftAttributes\":");
	(void)snprintf(path, sizeof(path), "/0/members/%" PRIx64
	               "/raftAttributes", m->id);
	node(b, path, index);
	members_attributes_json(m, &attributes);
	quoted(b, &attributes);
	buf_puts(b, ",\"Children\":null}}}");
	if (attributes.failed)
		b->failed = 1;
	buf_close(&attributes);
}

/* The least that servers up to 3.6 accept. */
static void store_json(const struct members *m, struct buf *b)
{
	buf_puts(b, "{\"Root\":");
	node(b, "/", 0);
	buf_puts(b, "\"\",\"Children\":{\"0\":");
	node(b, "/0", 0);
	buf_puts(b, "\"\",\"Children\":{\"members\":");
	node(b, "/0/members", 1);
	buf_puts(b, "\"\",\"Children\":{");
	for (size_t i = 0; i < m->n; i++) {
		buf_puts(b, i > 0 ? "," : "");
		store_member(&m->list[i], i + 1, b);
	}
	buf_puts(b, "}}}},\"1\":");
	node(b, "/1", 0);
	buf_printf(b, "\"\",\"Children\":{}}}},\"CurrentIndex\":%zu,"
	           "\"CurrentVersion\":2}", m->n);
}

int bootstrap_snap(const struct members *m, struct buf *b, struct err *e)
{
	struct buf json = BUF_INIT(BOOTSTRAP_MAX / 2);
	struct snapfile s = { .index = bootstrap_index(m),
	                      .term = BOOTSTRAP_TERM, .n_voters = m->n };

	for (size_t i = 0; i < m->n; i++)
		s.voters[i] = m->list[i].id;
	store_json(m, &json);
	s.data = (const unsigned char *)json.data;
	s.data_len = json.len;
	if (json.failed)
		b->failed = 1;
	else
		snapfile_write(&s, b);
	buf_close(&json);
	return buf_check(b, e);
}

/* ---- reading back ---- */

/* The records must be just those that bootstrap_wal() makes. */
static int verify_wal(const struct members *m, const struct members_one *self,
                      int fd, struct err *e)
{
	struct buf want = BUF_INIT(BOOTSTRAP_MAX);
	struct wal_in w = WAL_IN_INIT;
	struct wal_record r;
	_Bool found = 1;
	int rc = bootstrap_wal(m, self, &want, e);
	char head[4096];

	wal_in_open(&w, fd, 0);
	while (rc == 0 && found)
		rc = wal_in_next(&w, &r, &found, e);
	if (rc == 0 && w.at != want.len)
		rc = err_set(e, ERR_CORRUPT, "the wal reads back as %" PRIu64
		             " bytes where %zu were written", w.at, want.len);
	for (size_t at = 0; rc == 0 && at < want.len; at += sizeof(head)) {
		size_t n = want.len - at < sizeof(head) ? want.len - at
		                                        : sizeof(head);

		if (pread(fd, head, n, (off_t)at) != (ssize_t)n ||
		    memcmp(head, want.data + at, n) != 0)
			rc = err_set(e, ERR_CORRUPT, "the wal reads back "
			             "otherwise than it was written");
	}
	wal_in_close(&w);
	buf_close(&want);
	return rc;
}

static int verify_snap(const struct members *m, int fd, struct err *e)
{
	struct buf b = BUF_INIT(BOOTSTRAP_MAX);
	struct snapfile s;
	ssize_t n;
	int rc;

	for (;;) {
		char *p = buf_reserve(&b, 4096);

		n = p == NULL ? -1 : pread(fd, p, 4096, (off_t)b.len);
		if (n <= 0)
			break;
		b.len += (size_t)n;
	}
	rc = n < 0 ? err_set(e, ERR_SYS, "cannot read the raft snapshot")
	           : snapfile_read(&s, b.data, b.len, e);
	if (rc == 0 && (s.index != bootstrap_index(m) ||
	    s.term != BOOTSTRAP_TERM || s.n_voters != m->n))
		rc = err_set(e, ERR_CORRUPT, "the raft snapshot reads back "
		             "otherwise than it was written");
	for (size_t i = 0; rc == 0 && i < m->n; i++)
		if (s.voters[i] != m->list[i].id)
			rc = err_set(e, ERR_CORRUPT, "the raft snapshot names "
			             "other voters than it should");
	buf_close(&b);
	return rc;
}

int bootstrap_verify(const struct members *m, const struct members_one *self,
                     int wal_fd, int snap_fd, struct err *e)
{
	if (verify_wal(m, self, wal_fd, e) < 0)
		return -1;
	return verify_snap(m, snap_fd, e);
}
