#include "prune.h"

#include <stdio.h>

#include "base/jsonout.h"
#include "base/shown.h"
#include "base/units.h"
#include "folder_work.h"
#include "settings.h"

static void print_table(const struct folder_work_plan *plan, _Bool dry_run)
{
	char bytes[UNITS_TEXT], name[SHOWN_MAX];
	int width = 4;

	for (size_t i = 0; i < plan->count; i++) {
		int n = (int)shown_width(shown_name(plan->entries[i].name,
		                                    name));

		width = n > width ? n : width;
	}
	for (size_t i = 0; i < plan->count; i++) {
		(void)shown_name(plan->entries[i].name, name);
		(void)printf("%-6s  %s%*s  %s\n",
		             plan->entries[i].keep ? "keep" : "remove", name,
		             width - (int)shown_width(name), "",
		             plan->entries[i].reason);
	}
	units_format_bytes(plan->sum.deleted_bytes, bytes);
	(void)printf("%s %zu of %zu (%s)\n", dry_run ? "would remove"
	             : "removed", plan->sum.deleted, plan->count, bytes);
}

static int print_json(const struct folder_work_plan *plan, struct err *e)
{
	struct buf text = BUF_INIT((size_t)64 << 20);
	struct jsonout o = JSONOUT_INIT(&text, 1);
	int rc;

	jsonout_list(&o, NULL);
	for (size_t i = 0; i < plan->count; i++) {
		jsonout_object(&o, NULL);
		jsonout_str(&o, "file", plan->entries[i].name);
		jsonout_bool(&o, "keep", plan->entries[i].keep);
		jsonout_str(&o, "reason", plan->entries[i].reason);
		jsonout_u64(&o, "bytes", plan->entries[i].size);
		jsonout_end(&o);
	}
	jsonout_end(&o);
	rc = buf_check(&text, e);
	if (rc == 0)
		(void)printf("%s\n", text.data);
	buf_close(&text);
	return rc;
}

static int prune(const struct settings *s, struct err *e)
{
	struct lock lock = LOCK_INIT;
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;
	struct folder_work_plan plan = { .count = 0 };
	int rc = -1;

	if (!s->dry_run &&
	    lock_take(&lock, s->dir, FOLDER_WORK_PRUNE, e) < 0)
		return -1;
	if (folder_work_open(s, &store, &list, e) == 0 &&
	    folder_work_plan(s, &list, &plan, e) == 0 &&
	    (s->dry_run || folder_work_prune(store, &plan, e) == 0))
		rc = 0;
	if (rc == 0 && s->json)
		rc = print_json(&plan, e);
	else if (rc == 0)
		print_table(&plan, s->dry_run);
	folder_work_plan_clear(&plan);
	catalog_clear(&list);
	store_close(store);
	lock_drop(&lock);
	return rc;
}

int prune_run(void *config, int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)argc;
	(void)argv;
	return prune(config, &e) == 0 ? 0 : settings_fail(&e);
}
