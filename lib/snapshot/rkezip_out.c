#include "snapshot/rkezip_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/tarball.h"

struct rkezip_out {
	struct sink s;                  /* first: a sink is one of these */
	struct tarball_zip *z;
	char name[STAGE_NAME_MAX + 1];
};

static _Bool takes(enum part_role role)
{
	return role == PART_DATABASE || role == PART_STATE;
}

static int begin(struct sink *s, const struct part *p, struct err *e)
{
	struct rkezip_out *r = (struct rkezip_out *)s;
	char path[STAGE_NAME_MAX + 40];

	if (p->role == PART_DATABASE)
		(void)snprintf(path, sizeof(path), RKEZIP_OUT_DATABASE "%s",
		               r->name);
	else
		(void)snprintf(path, sizeof(path), RKEZIP_OUT_STATE "%s"
		               RKEZIP_OUT_STATE_SUFFIX, r->name);
	return tarball_zip_begin(r->z, path, p, e);
}

static int add(struct sink *s, const void *data, size_t len, struct err *e)
{
	return tarball_zip_write(((struct rkezip_out *)s)->z, data, len, e);
}

static int end(struct sink *s, const struct part *p, struct err *e)
{
	(void)p;
	return tarball_zip_end(((struct rkezip_out *)s)->z, e);
}

static int finish(struct sink *s, const char *text, size_t len, struct err *e)
{
	(void)text;
	(void)len;
	return tarball_zip_finish(((struct rkezip_out *)s)->z, e);
}

static void release(struct sink *s)
{
	struct rkezip_out *r = (struct rkezip_out *)s;

	tarball_zip_free(r->z);
	free(r);
}

static const struct sink_ops ops = {
	.takes = takes, .begin = begin, .write = add, .end = end,
	.finish = finish, .free = release,
};

int rkezip_out_new(struct sink **out, struct stage *st, const char *name,
                   struct err *e)
{
	struct rkezip_out *r;

	if (name[0] == '\0' || strlen(name) > STAGE_NAME_MAX - 4 ||
	    strchr(name, '/') != NULL)
		return err_set(e, ERR_USAGE, "not a snapshot name: '%s'", name);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_nomem(e);
	(void)snprintf(r->name, sizeof(r->name), "%s", name);
	sink_init(&r->s, &ops, st);
	if (tarball_zip_new(&r->z, sink_put, &r->s, e) < 0) {
		sink_free(&r->s);
		return -1;
	}
	*out = &r->s;
	return 0;
}
