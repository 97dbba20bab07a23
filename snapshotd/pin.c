#include "pin.h"

#include <stdio.h>

#include "base/shown.h"
#include "folder_work.h"
#include "settings.h"

static int change(const struct settings *s, const char *name, _Bool pinned,
                  struct err *e)
{
	struct lock lock = LOCK_INIT;
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;
	const struct catalog_entry *en;
	char shown[SHOWN_MAX];
	int rc = -1;

	if (lock_take(&lock, s->dir, FOLDER_WORK_PRUNE, e) < 0)
		return -1;
	if (folder_work_open(s, &store, &list, e) < 0)
		goto out;
	en = catalog_find(&list, name);
	if (en == NULL)
		(void)err_set(e, ERR_MISSING, "no snapshot '%s' in '%s'", name,
		              s->dir);
	else
		rc = pinned ? store_pin(store, en->name, e)
		            : store_unpin(store, en->name, e);
	if (rc == 0)
		(void)printf("%s %s\n", pinned ? "pinned" : "unpinned",
		             shown_name(en->name, shown));
out:
	catalog_clear(&list);
	store_close(store);
	lock_drop(&lock);
	return rc;
}

static int change_all(const struct settings *s, int argc, char **argv,
                      _Bool pinned)
{
	struct err e = ERR_INIT;

	for (int i = 0; i < argc; i++)
		if (change(s, argv[i], pinned, &e) < 0)
			return settings_fail(&e);
	return 0;
}

int pin_run(void *config, int argc, char **argv)
{
	return change_all(config, argc, argv, 1);
}

int pin_undo_run(void *config, int argc, char **argv)
{
	return change_all(config, argc, argv, 0);
}
