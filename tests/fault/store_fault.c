/* Pins and removals in a folder: either done and durable, or not done; what is
 * pinned stays, and nothing else is touched. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/folder.h"
#include "torture.h"

#define A "a.tar.zst"
#define B "b.tar.zst"
#define PIN ".a.tar.zst.pin"

static int two_files(const char *dir)
{
	return torture_put(dir, A, "aaa") < 0 ? -1 : torture_put(dir, B, "bbb");
}

static int one_pinned(const char *dir)
{
	return two_files(dir) < 0 ? -1 : torture_put(dir, PIN, "");
}

static int leftover(const char *dir)
{
	return two_files(dir) < 0 ? -1 : torture_put(dir, "." A ".part", "aa");
}

static int with(const char *dir, const char *name,
                int (*act)(struct store *, const char *, struct err *),
                struct err *e)
{
	struct store *s = NULL;
	int rc = folder_open(&s, dir, e);

	if (rc == 0)
		rc = act(s, name, e);
	store_close(s);
	return rc;
}

static int pin(const char *dir, struct err *e)
{
	return with(dir, A, store_pin, e);
}

static int unpin(const char *dir, struct err *e)
{
	return with(dir, A, store_unpin, e);
}

/* What the run before has removed is removed. */
static int drop(const char *dir, struct err *e)
{
	int rc = with(dir, A, store_remove, e);

	return rc < 0 && e->kind == ERR_MISSING ? 0 : rc;
}

static int drop_leftover(const char *dir, struct err *e)
{
	int rc = with(dir, "." A ".part", store_remove, e);

	return rc < 0 && e->kind == ERR_MISSING ? 0 : rc;
}

static int drop_pinned(const char *dir, struct err *e)
{
	int rc = with(dir, A, store_remove, e);

	if (rc == 0)
		return err_set(e, ERR_CORRUPT, "a pinned file was removed");
	return e->kind == ERR_REFUSED && strcmp(e->text, "'" A "' is pinned") ==
	       0 ? 0 : -1;
}

static int list(const char *dir, struct err *e)
{
	struct store_list l = STORE_LIST_INIT;
	struct store *s = NULL;
	int rc = folder_open(&s, dir, e);

	if (rc == 0)
		rc = store_list(s, &l, e);
	if (rc == 0 && l.count != 3)
		rc = err_set(e, ERR_CORRUPT, "%zu files", l.count);
	store_list_clear(&l);
	store_close(s);
	return rc;
}

/* The other file is never touched, nor is the content of any. */
static const char *others(const char *dir)
{
	if (!torture_holds(dir, B, "bbb"))
		return "the other file was touched";
	if (!torture_holds(dir, A, "aaa") && !torture_holds(dir, A, NULL))
		return "the file was changed";
	return NULL;
}

static const char *is_pinned(const char *dir, const struct torture_case *c)
{
	if (!torture_holds(dir, A, "aaa"))
		return "the file is gone";
	if (c->rc == 0 && !torture_holds(dir, PIN, ""))
		return "no pin after a success";
	return others(dir);
}

static const char *is_unpinned(const char *dir, const struct torture_case *c)
{
	if (!torture_holds(dir, A, "aaa"))
		return "the file is gone";
	if (c->rc == 0 && !torture_holds(dir, PIN, NULL))
		return "a pin after a success";
	return others(dir);
}

static const char *is_gone(const char *dir, const struct torture_case *c)
{
	if (c->rc == 0 && !torture_holds(dir, A, NULL))
		return "the file is there after a success";
	return others(dir);
}

static const char *no_leftover(const char *dir, const struct torture_case *c)
{
	if (!torture_holds(dir, A, "aaa"))
		return "the file is gone";
	if (c->rc == 0 && torture_leftovers(dir) > 0)
		return "the leftover is there after a success";
	return others(dir);
}

static const char *still_pinned(const char *dir, const struct torture_case *c)
{
	(void)c;
	if (!torture_holds(dir, A, "aaa") || !torture_holds(dir, PIN, ""))
		return "a pinned file was touched";
	return others(dir);
}

static const struct torture all[] = {
	{ .name = "store: pin", .prepare = two_files, .run = pin,
	  .check = is_pinned, .all_names = 1 },
	{ .name = "store: pin again", .prepare = one_pinned, .run = pin,
	  .check = is_pinned, .all_names = 1 },
	{ .name = "store: unpin", .prepare = one_pinned, .run = unpin,
	  .check = is_unpinned, .all_names = 1 },
	{ .name = "store: remove", .prepare = two_files, .run = drop,
	  .check = is_gone, .all_names = 1 },
	{ .name = "store: remove a leftover", .prepare = leftover,
	  .run = drop_leftover, .check = no_leftover, .all_names = 1 },
	{ .name = "store: remove a pinned file", .prepare = one_pinned,
	  .run = drop_pinned, .check = still_pinned, .all_names = 1 },
	{ .name = "store: list", .prepare = one_pinned, .run = list,
	  .check = still_pinned, .all_names = 1 },
};

int main(int argc, char **argv)
{
	return torture_main(argc, argv, all, sizeof(all) / sizeof(all[0]));
}
