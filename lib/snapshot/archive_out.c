#include "snapshot/archive_out.h"

#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "snapshot/frames.h"
#include "snapshot/tail.h"
#include "snapshot/tarball.h"

struct archive_out {
	struct sink s;                  /* first: a sink is one of these */
	struct frames_out *f;
	struct digest frame;            /* of the manifest's frame */
	_Bool tailing;                  /* that frame is being written */
};

static const char zeros[TARBALL_END];

static _Bool takes(enum part_role role)
{
	return role != PART_MANIFEST && role != PART_OTHER;
}

static const char *name_of(enum part_role role)
{
	switch (role) {
	case PART_DATABASE:
		return PART_NAME_DATABASE;
	case PART_CONFIG:
		return PART_NAME_CONFIG;
	case PART_STATE:
		return PART_NAME_STATE;
	default:
		return PART_NAME_MANIFEST;
	}
}

static int put(void *arg, const void *data, size_t len, struct err *e)
{
	struct archive_out *a = arg;

	if (a->tailing)
		digest_update(&a->frame, data, len);
	return sink_put(&a->s, data, len, e);
}

static int begin(struct sink *s, const struct part *p, struct err *e)
{
	struct archive_out *a = (struct archive_out *)s;
	struct buf b = BUF_INIT(BUF_MAX_LINE);
	int rc = -1;

	if (tarball_header(&b, name_of(p->role), p, e) == 0 &&
	    frames_out_write(a->f, b.data, b.len, e) == 0)
		rc = 0;
	buf_close(&b);
	return rc;
}

static int add(struct sink *s, const void *data, size_t len, struct err *e)
{
	return frames_out_write(((struct archive_out *)s)->f, data, len, e);
}

static int end(struct sink *s, const struct part *p, struct err *e)
{
	struct archive_out *a = (struct archive_out *)s;
	size_t pad = (size_t)(-p->size % TARBALL_BLOCK);

	if (frames_out_write(a->f, zeros, pad, e) < 0)
		return -1;
	return p->role == PART_DATABASE ? frames_out_cut(a->f, e) : 0;
}

static int write_manifest(struct archive_out *a, const char *text, size_t len,
                          struct err *e)
{
	struct part p = { .role = PART_MANIFEST, .size = len, .mode = 0600,
	                  .mtime = time(NULL) };

	if (begin(&a->s, &p, e) < 0 || add(&a->s, text, len, e) < 0 ||
	    end(&a->s, &p, e) < 0 ||
	    frames_out_write(a->f, zeros, TARBALL_END, e) < 0)
		return -1;
	return frames_out_cut(a->f, e);
}

static int finish(struct sink *s, const char *text, size_t len, struct err *e)
{
	struct archive_out *a = (struct archive_out *)s;
	unsigned char index[TAIL_LEN];
	struct tail t;

	if (frames_out_cut(a->f, e) < 0 || digest_init(&a->frame, e) < 0)
		return -1;
	t.offset = s->packed;
	a->tailing = 1;
	if (write_manifest(a, text, len, e) < 0)
		return -1;
	a->tailing = 0;
	t.length = s->packed - t.offset;
	if (digest_final(&a->frame, t.sha256, e) < 0)
		return -1;
	tail_encode(&t, index);
	return put(a, index, sizeof(index), e);
}

static void release(struct sink *s)
{
	struct archive_out *a = (struct archive_out *)s;

	frames_out_free(a->f);
	digest_clear(&a->frame);
	free(a);
}

static const struct sink_ops ops = {
	.takes = takes, .begin = begin, .write = add, .end = end,
	.finish = finish, .free = release,
};

int archive_out_new(struct sink **out, struct stage *st, int level,
                    unsigned workers, struct err *e)
{
	struct archive_out *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return err_nomem(e);
	sink_init(&a->s, &ops, st);
	if (frames_out_new(&a->f, level, workers, put, a, e) < 0) {
		sink_free(&a->s);
		return -1;
	}
	*out = &a->s;
	return 0;
}

size_t archive_out_memory(const struct sink *s)
{
	return frames_out_memory(((const struct archive_out *)s)->f);
}
