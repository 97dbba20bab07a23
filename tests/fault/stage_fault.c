#include <string.h>

#include "base/stage.h"
#include "torture.h"

#define OLD "the old file, a little longer than the new"
#define NEW "the new file, written in two parts"

static int write_both(struct stage *s, struct err *e)
{
	size_t half = strlen(NEW) / 2;

	if (stage_write(s, NEW, half, e) < 0)
		return -1;
	return stage_write(s, &NEW[half], strlen(NEW) - half, e);
}

static int old_file(const char *dir)
{
	return torture_put(dir, "a", OLD);
}

static int replace(const char *dir, struct err *e)
{
	struct stage s = STAGE_INIT;
	int rc = -1;

	if (stage_open(&s, dir, "a", 0600, e) == 0 &&
	    write_both(&s, e) == 0 && stage_publish(&s, e) == 0)
		rc = 0;
	stage_close(&s);
	return rc;
}

/* Leftovers are allowed to a killed run and when removing them failed. */
static const char *part_check(const char *dir, const struct torture_case *c)
{
	unsigned allowed = c->mode == TORTURE_CRASH ||
	                   (c->mode == TORTURE_FAIL &&
	                    strcmp(c->call, "unlinkat") == 0);

	return torture_leftovers(dir) > allowed ? "a part was left" : NULL;
}

static const char *replaced(const char *dir, const struct torture_case *c)
{
	_Bool now = torture_holds(dir, "a", NEW);

	if (!now && !torture_holds(dir, "a", OLD))
		return "neither the old nor the new file is whole";
	if (c->rc == 0 && !now)
		return "the old file stands after a success";
	return part_check(dir, c);
}

/* Again over a name that is there: what a daemon does after a crash. */
static int publish_once(const char *dir, struct err *e)
{
	struct stage s = STAGE_INIT;
	int rc = -1;

	if (stage_open(&s, dir, "b", 0600, e) == 0 &&
	    write_both(&s, e) == 0 && stage_sync(&s, e) == 0) {
		rc = stage_publish_as(&s, "b-1", e);
		if (rc < 0 && e->kind == ERR_REFUSED)
			rc = 0;
	}
	stage_close(&s);
	return rc;
}

static const char *published_once(const char *dir, const struct torture_case *c)
{
	_Bool now = torture_holds(dir, "b-1", NEW);

	if (!now && !torture_holds(dir, "b-1", NULL))
		return "a part has the final name";
	if (c->rc == 0 && !now)
		return "no file after a success";
	if (!torture_holds(dir, "b", NULL))
		return "the staged name appeared";
	return part_check(dir, c);
}

/* Removing what was never published is asked of stage_close alone. */
static int give_up(const char *dir, struct err *e)
{
	struct stage s = STAGE_INIT;
	int rc = -1;

	if (stage_open(&s, dir, "a", 0600, e) == 0 && write_both(&s, e) == 0)
		rc = 0;
	stage_close(&s);
	return rc;
}

static const char *untouched(const char *dir, const struct torture_case *c)
{
	if (!torture_holds(dir, "a", OLD))
		return "the old file was touched";
	return part_check(dir, c);
}

static const struct torture all[] = {
	{ .name = "stage: replace", .prepare = old_file, .run = replace,
	  .check = replaced },
	{ .name = "stage: publish once", .run = publish_once,
	  .check = published_once },
	{ .name = "stage: give up", .prepare = old_file, .run = give_up,
	  .check = untouched },
};

int main(int argc, char **argv)
{
	return torture_main(argc, argv, all, sizeof(all) / sizeof(all[0]));
}
