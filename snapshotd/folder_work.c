#include "folder_work.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/stage.h"
#include "store/folder.h"

static int open_folder(const struct settings *s, struct store **store,
                       struct err *e)
{
	if (folder_open(store, s->dir, e) == 0)
		return 0;
	if (e->kind == ERR_MISSING)
		(void)err_hint(e, "make it, or name another with --dir");
	return -1;
}

int folder_work_open(const struct settings *s, struct store **store,
                     struct catalog *list, struct err *e)
{
	if (open_folder(s, store, e) < 0)
		return -1;
	if (catalog_read(list, *store, e) == 0)
		return 0;
	store_close(*store);
	*store = NULL;
	return -1;
}

void folder_work_previous(const struct catalog *list,
                          struct take_previous *out)
{
	*out = (struct take_previous){ 0 };
	for (size_t i = list->count; i-- > 0; ) {
		const struct catalog_entry *en = &list->entries[i];

		if (en->kind != CATALOG_ARCHIVE || en->cluster_id == 0 ||
		    en->verdict == MANIFEST_DIVERGED)
			continue;
		out->cluster_id = en->cluster_id;
		out->revision = en->revision;
		out->file_bytes = en->size;
		out->image_bytes = en->image_bytes;
		return;
	}
}

static int clear_leftovers(struct store *store, const struct catalog *list,
                           struct err *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].kind == CATALOG_LEFTOVER &&
		    store_remove(store, list->entries[i].name, e) < 0)
			return -1;
	return 0;
}

int folder_work_save(const struct settings *s, struct take_options *o,
                     struct take_result *out, struct err *e)
{
	struct lock lock = LOCK_INIT;
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;
	int rc = -1;

	/* Opened first, as a folder that is missing is told best there; read
	 * with the lock held, as another run may end just before. */
	if (open_folder(s, &store, e) < 0)
		return -1;
	if (lock_take(&lock, s->dir, FOLDER_WORK_SAVE, e) == 0 &&
	    catalog_read(&list, store, e) == 0) {
		folder_work_previous(&list, &o->previous);
		if (clear_leftovers(store, &list, e) == 0)
			rc = take_snapshot(o, out, e);
	}
	lock_drop(&lock);
	catalog_clear(&list);
	store_close(store);
	return rc;
}

/* ---- retention ---- */

/* Zips are ours to remove only where we write zips; nobody can tell who made
 * one. */
static enum retain_kind kind_of(const struct settings *s,
                                const struct catalog_entry *en)
{
	if (en->kind == CATALOG_ARCHIVE || en->kind == CATALOG_NO_INDEX ||
	    (en->kind == CATALOG_DAMAGED && en->taken_by != CATALOG_BY_MTIME))
		return RETAIN_OURS;
	return en->kind == CATALOG_RKE_ZIP && s->format == 1 ? RETAIN_OURS
	                                                     : RETAIN_FOREIGN;
}

static enum retain_verdict verdict_of(const struct catalog_entry *en)
{
	if (en->kind == CATALOG_DAMAGED || en->kind == CATALOG_NO_INDEX)
		return RETAIN_DAMAGED;
	if (en->kind != CATALOG_ARCHIVE)
		return RETAIN_UNKNOWN;
	switch (en->verdict) {
	case MANIFEST_VERIFIED:
		return RETAIN_VERIFIED;
	case MANIFEST_DIVERGED:
		return RETAIN_DIVERGED;
	case MANIFEST_UNPROVEN:
	default:
		return RETAIN_UNPROVEN;
	}
}

int folder_work_plan(const struct settings *s, const struct catalog *list,
                     struct folder_work_plan *out, struct err *e)
{
	struct retain_policy policy;

	*out = (struct folder_work_plan){ .count = 0 };
	out->entries = calloc(list->count + 1, sizeof(*out->entries));
	if (out->entries == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < list->count; i++) {
		const struct catalog_entry *en = &list->entries[i];

		if (en->kind == CATALOG_HELPER || en->kind == CATALOG_LEFTOVER)
			continue;
		out->entries[out->count++] = (struct retain_entry){
			.name = en->name, .time = en->taken,
			.kind = kind_of(s, en), .verdict = verdict_of(en),
			.pinned = en->pinned, .size = en->size,
		};
	}
	settings_retention(s, clock_wall_ns() / CLOCK_NS, &policy);
	return retain_plan(out->entries, out->count, &policy, &out->sum, e);
}

int folder_work_prune(struct store *store, const struct folder_work_plan *plan,
                      struct err *e)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->entries[i].keep &&
		    store_remove(store, plan->entries[i].name, e) < 0)
			return err_wrap(e, "prune '%s'", plan->entries[i].name);
	return 0;
}

void folder_work_plan_clear(struct folder_work_plan *plan)
{
	free(plan->entries);
	*plan = (struct folder_work_plan){ .count = 0 };
}
