#include "list.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/jsonout.h"
#include "base/shown.h"
#include "base/units.h"
#include "folder_work.h"
#include "settings.h"

/* The verdict of an archive; what else a file is, else. */
static const char *state_of(const struct catalog_entry *en)
{
	if (en->kind == CATALOG_ARCHIVE)
		return manifest_verdict_word(en->verdict);
	return catalog_word(en->kind);
}

static int print_json(const struct catalog *list, struct err *e)
{
	struct buf text = BUF_INIT((size_t)64 << 20);
	struct jsonout o = JSONOUT_INIT(&text, 1);
	char time[CLOCK_TEXT];
	int rc;

	jsonout_list(&o, NULL);
	for (size_t i = 0; i < list->count; i++) {
		const struct catalog_entry *en = &list->entries[i];

		if (en->kind == CATALOG_HELPER)
			continue;
		clock_format_utc(en->taken * CLOCK_NS, time);
		jsonout_object(&o, NULL);
		jsonout_str(&o, "file", en->name);
		jsonout_str(&o, "kind", catalog_word(en->kind));
		jsonout_str(&o, "taken", time);
		jsonout_str(&o, "verdict", en->kind == CATALOG_ARCHIVE
		            ? manifest_verdict_word(en->verdict) : NULL);
		jsonout_u64(&o, "revision", en->revision);
		jsonout_hex(&o, "clusterId", en->cluster_id);
		jsonout_str(&o, "node", en->node);
		jsonout_u64(&o, "bytes", en->size);
		jsonout_bool(&o, "pinned", en->pinned);
		jsonout_str(&o, "note", en->note);
		jsonout_end(&o);
	}
	jsonout_end(&o);
	rc = buf_check(&text, e);
	if (rc == 0)
		(void)printf("%s\n", text.data);
	buf_close(&text);
	return rc;
}

static void print_row(const struct catalog_entry *en, int width, int64_t now)
{
	char age[UNITS_TEXT], size[UNITS_TEXT], revision[24] = "-";
	char name[SHOWN_MAX], text[SHOWN_MAX];

	(void)shown_name(en->name, name);
	width -= (int)shown_width(name);
	units_format_ms(now > en->taken ? (now - en->taken) * 1000 : 0, age);
	units_format_bytes(en->size, size);
	if (en->revision != 0)
		(void)snprintf(revision, sizeof(revision), "%llu",
		               (unsigned long long)en->revision);
	(void)printf("%s%*s  %-13s  %9s  %12s  %10s%s%s%s\n", name, width, "",
	             state_of(en), age, revision, size,
	             en->pinned ? "  pinned" : "",
	             en->note[0] != '\0' ? "  " : "",
	             shown_name(en->note, text));
}

static void print_table(const struct catalog *list, const char *dir)
{
	int64_t now = clock_wall_ns() / CLOCK_NS;
	int width = 4;
	size_t rows = 0;
	char name[SHOWN_MAX];

	for (size_t i = 0; i < list->count; i++) {
		int n = (int)shown_width(shown_name(list->entries[i].name,
		                                    name));

		if (list->entries[i].kind == CATALOG_HELPER)
			continue;
		width = n > width ? n : width;
		rows++;
	}
	if (rows == 0) {
		(void)printf("no snapshots in '%s'\n", dir);
		return;
	}
	(void)printf("%-*s  %-13s  %9s  %12s  %10s\n", width, "NAME", "STATE",
	             "AGE", "REVISION", "SIZE");
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].kind != CATALOG_HELPER)
			print_row(&list->entries[i], width, now);
}

int list_run(void *config, int argc, char **argv)
{
	const struct settings *s = config;
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	(void)argv;
	rc = folder_work_open(s, &store, &list, &e);
	if (rc == 0 && s->json)
		rc = print_json(&list, &e);
	else if (rc == 0)
		print_table(&list, s->dir);
	catalog_clear(&list);
	store_close(store);
	return rc == 0 ? 0 : settings_fail(&e);
}
