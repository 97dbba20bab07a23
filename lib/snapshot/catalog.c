#include "snapshot/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stage.h"
#include "snapshot/archive_in.h"
#include "snapshot/manifest_parse.h"
#include "snapshot/name.h"
#include "store/folder.h"

static const struct {
	const char *word;
	_Bool usable;
} kinds[] = {
#define X(kind, word, usable) [kind] = { word, usable },
	CATALOG_KINDS(X)
#undef X
};

const char *catalog_word(enum catalog_kind kind)
{
	return kinds[kind].word;
}

_Bool catalog_is_snapshot(const struct catalog_entry *en)
{
	return kinds[en->kind].usable;
}

static void note(struct catalog_entry *en, enum catalog_kind kind,
                 const char *text)
{
	en->kind = kind;
	(void)snprintf(en->note, sizeof(en->note), "%.*s",
	               (int)strcspn(text, "\n"), text);
}

/* Damage is damage; what the system denied is only unread. */
static void blame(struct catalog_entry *en, const struct err *e)
{
	note(en, e->kind == ERR_SYS ? CATALOG_UNREADABLE : CATALOG_DAMAGED,
	     e->text);
}

static _Bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n > m && strcmp(s + n - m, with) == 0;
}

static void from_manifest(struct catalog_entry *en, const struct manifest *m)
{
	int64_t t;

	en->kind = CATALOG_ARCHIVE;
	en->revision = m->revision;
	en->image_bytes = m->image_size;
	en->cluster_id = m->cluster_id;
	en->verdict = m->verdict;
	if (m->node != NULL)
		(void)snprintf(en->node, sizeof(en->node), "%s", m->node);
	if (m->started != NULL && name_time(m->started, &t) != NULL) {
		en->taken = t;
		en->taken_by = CATALOG_BY_MANIFEST;
	}
}

static void look_at_archive(struct catalog_entry *en, int fd)
{
	struct manifest m = MANIFEST_INIT;
	struct err e = ERR_INIT;

	if (manifest_parse_fast(&m, fd, &e) == 0)
		from_manifest(en, &m);
	else if (e.kind == ERR_MISSING)
		note(en, CATALOG_NO_INDEX,
		     "cut off, or packed by other means: verify tells");
	else if (e.kind == ERR_REFUSED)
		note(en, CATALOG_ARCHIVE, e.text);      /* a newer schema */
	else
		blame(en, &e);
	manifest_clear(&m);
}

/* Of a zip the directory at its end tells the members. */
static void look_at_zip(struct catalog_entry *en, struct archive_in *a)
{
	const struct part *p = NULL;
	struct err e = ERR_INIT;

	do {
		if (archive_in_next(a, &p, &e) < 0) {
			blame(en, &e);
			return;
		}
	} while (p != NULL && p->role != PART_DATABASE);
	if (p != NULL)
		en->kind = CATALOG_RKE_ZIP;
	else
		note(en, CATALOG_FOREIGN, "a zip without a snapshot");
}

static _Bool named_so(const char *name)
{
	return ends(name, ".tar.zst") || ends(name, ".zip") ||
	       ends(name, "_etcd");
}

static void look_inside(struct catalog_entry *en, int fd)
{
	enum archive_in_form form;
	struct archive_in *a = NULL;
	struct err e = ERR_INIT;

	if (archive_in_recognise(fd, &form, &e) < 0) {
		blame(en, &e);
		/* Only what is named like a snapshot should have been one. */
		if (en->kind == CATALOG_DAMAGED && !named_so(en->name))
			note(en, CATALOG_FOREIGN, "not a snapshot");
	} else if (form == ARCHIVE_IN_TAR_ZSTD) {
		look_at_archive(en, fd);
	} else if (form == ARCHIVE_IN_DB) {
		en->kind = CATALOG_DATABASE;
	} else if (form == ARCHIVE_IN_DB_BARE) {
		en->kind = CATALOG_BARE;
	} else if (form == ARCHIVE_IN_ZIP) {
		if (archive_in_open_fd(&a, fd, &e) == 0)
			look_at_zip(en, a);
		else
			blame(en, &e);
		archive_in_close(a);
	} else {
		note(en, CATALOG_NO_INDEX, archive_in_form_text(form));
	}
}

/* A file that is not one of our helpers: see what it is. */
static void look(struct catalog_entry *en, struct store *s)
{
	struct err e = ERR_INIT;
	struct name n;
	int fd;

	if (name_parse(en->name, &n)) {
		en->taken = n.time;
		en->taken_by = CATALOG_BY_NAME;
		en->revision = n.revision;
		(void)snprintf(en->node, sizeof(en->node), "%s", n.node);
	}
	if (store_open(s, en->name, &fd, &e) < 0) {
		note(en, CATALOG_UNREADABLE, e.text);
		return;
	}
	look_inside(en, fd);
	(void)close(fd);
}

static void fill(struct catalog_entry *en, const struct store_item *i,
                 struct store *s)
{
	(void)memcpy(en->name, i->name, sizeof(en->name));
	en->size = i->size;
	en->mtime = en->taken = i->mtime;
	en->taken_by = CATALOG_BY_MTIME;
	en->pinned = i->pinned;
	en->verdict = MANIFEST_UNPROVEN;
	if (i->type == STORE_FOLDER)
		note(en, CATALOG_FOREIGN, "a folder");
	else if (i->type == STORE_LINK)
		note(en, CATALOG_FOREIGN, "a link: it is not followed");
	else if (i->type == STORE_SPECIAL)
		note(en, CATALOG_FOREIGN, "not a regular file");
	else if (stage_is_leftover(i->name))
		en->kind = CATALOG_LEFTOVER;
	else if (ends(i->name, ".part"))
		note(en, CATALOG_FOREIGN, "another program's unfinished file");
	else if (folder_is_pin(i->name) ||
	         (i->name[0] == '.' && ends(i->name, ".lock")))
		en->kind = CATALOG_HELPER;
	else
		look(en, s);
}

static int by_time(const void *a, const void *b)
{
	const struct catalog_entry *x = a, *y = b;

	if (x->taken != y->taken)
		return x->taken < y->taken ? -1 : 1;
	return strcmp(x->name, y->name);
}

int catalog_read(struct catalog *out, struct store *s, struct err *e)
{
	struct store_list l = STORE_LIST_INIT;
	struct catalog c = CATALOG_INIT;

	if (store_list(s, &l, e) < 0)
		return -1;
	c.entries = calloc(l.count > 0 ? l.count : 1, sizeof(c.entries[0]));
	if (c.entries == NULL) {
		store_list_clear(&l);
		return err_nomem(e);
	}
	for (; c.count < l.count; c.count++)
		fill(&c.entries[c.count], &l.items[c.count], s);
	qsort(c.entries, c.count, sizeof(c.entries[0]), by_time);
	store_list_clear(&l);
	*out = c;
	return 0;
}

void catalog_clear(struct catalog *c)
{
	free(c->entries);
	*c = (struct catalog)CATALOG_INIT;
}

const struct catalog_entry *catalog_find(const struct catalog *c,
                                         const char *name)
{
	const struct catalog_entry *found = NULL;

	/* The whole name wins over a stem that two files may share. */
	for (size_t i = 0; i < c->count; i++) {
		const struct catalog_entry *en = &c->entries[i];

		if (strcmp(en->name, name) == 0)
			return en;
		if (name_stem(en->name) == strlen(name) &&
		    strncmp(en->name, name, strlen(name)) == 0)
			found = en;
	}
	return found;
}

const struct catalog_entry *catalog_newest_verified(const struct catalog *c)
{
	for (size_t i = c->count; i > 0; i--) {
		const struct catalog_entry *en = &c->entries[i - 1];

		if (en->kind == CATALOG_ARCHIVE &&
		    en->verdict == MANIFEST_VERIFIED)
			return en;
	}
	return NULL;
}
