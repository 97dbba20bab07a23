/* An archive by the parts that make it: stage, sink, readback, publish. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/archive_in.h"
#include "snapshot/archive_out.h"
#include "snapshot/rkezip_out.h"
#include "torture.h"

/* More than one block of the compressor, and hard to compress. */
enum { DB = 300 * 1024 };
static unsigned char db[DB];

#define OLD "what had the name before"
#define NODES "nodes:\n"
#define MANIFEST "{\"schema\": 1}\n"

static int old_file(const char *dir)
{
	return torture_put(dir, "a", OLD);
}

static int fill(struct sink *s, struct err *e)
{
	struct part p = { .role = PART_DATABASE, .size = DB, .mode = 0600,
	                  .mtime = 1700000000 };

	if (sink_begin(s, &p, e) < 0)
		return -1;
	for (size_t at = 0; at < DB; at += DB / 3)
		if (sink_write(s, db + at, DB / 3, e) < 0)
			return -1;
	if (sink_end(s, e) < 0)
		return -1;
	if (sink_takes(s, PART_CONFIG) &&
	    sink_whole(s, PART_CONFIG, 1700000001, NODES, strlen(NODES),
	               e) < 0)
		return -1;
	return sink_finish(s, MANIFEST, strlen(MANIFEST), e);
}

static int build(const char *dir, _Bool zip, unsigned workers, struct err *e)
{
	struct stage st = STAGE_INIT;
	struct sink *s = NULL;
	int rc = -1;

	if (stage_open(&st, dir, "a", 0600, e) == 0 &&
	    (zip ? rkezip_out_new(&s, &st, "a", e) :
	           archive_out_new(&s, &st, 1, workers, e)) == 0 &&
	    fill(s, e) == 0 && stage_sync(&st, e) == 0 &&
	    sink_readback(s, e) == 0)
		rc = stage_publish(&st, e);
	sink_free(s);
	stage_close(&st);
	return rc;
}

static int archive(const char *dir, struct err *e)
{
	return build(dir, 0, 0, e);
}

static int archive_beside(const char *dir, struct err *e)
{
	return build(dir, 0, 1, e);
}

static int zip(const char *dir, struct err *e)
{
	return build(dir, 1, 0, e);
}

/* Does the open part hold the database? */
static _Bool holds_db(struct archive_in *a, struct err *e)
{
	const void *data;
	size_t len, at = 0;

	do {
		if (archive_in_read(a, &data, &len, e) < 0 || at + len > DB ||
		    (len > 0 && memcmp(db + at, data, len) != 0))
			return 0;
		at += len;
	} while (len > 0);
	return at == DB;
}

static _Bool whole(const char *dir)
{
	struct archive_in *a = NULL;
	struct err e = ERR_INIT;
	const struct part *p = NULL;
	char path[300];
	_Bool ok, found = 0;

	(void)snprintf(path, sizeof(path), "%s/a", dir);
	ok = archive_in_open(&a, path, &e) == 0;
	while (ok && (ok = archive_in_next(a, &p, &e) == 0) && p != NULL)
		if (p->role == PART_DATABASE)
			found = ok = holds_db(a, &e);
	archive_in_close(a);
	return ok && found;
}

static const char *check(const char *dir, const struct torture_case *c)
{
	unsigned allowed = c->mode == TORTURE_CRASH ||
	                   (c->mode == TORTURE_FAIL &&
	                    strcmp(c->call, "unlinkat") == 0);
	_Bool before = torture_holds(dir, "a", OLD);

	if (!before && !whole(dir))
		return "neither the old file nor a whole archive";
	if (before && c->rc == 0)
		return "the old file stands after a success";
	return torture_leftovers(dir) > allowed ? "a part was left" : NULL;
}

static const struct torture all[] = {
	{ .name = "archive: in line", .prepare = old_file, .run = archive,
	  .check = check },
	{ .name = "archive: a worker", .prepare = old_file,
	  .run = archive_beside, .check = check },
	{ .name = "archive: zip", .prepare = old_file, .run = zip,
	  .check = check },
};

int main(int argc, char **argv)
{
	unsigned long x = 1;

	for (size_t i = 0; i < DB; i++) {
		x = x * 6364136223846793005 + 1442695040888963407;
		db[i] = (unsigned char)(x >> 60);
	}
	return torture_main(argc, argv, all, sizeof(all) / sizeof(all[0]));
}
