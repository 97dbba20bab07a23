#include <stdio.h>
#include <string.h>

#include "engine.h"

/* What is known of one file or folder while the record is walked. */
struct mark {
	char path[ENGINE_PATH];
	_Bool dirty;            /* bytes not synced */
	_Bool grown;            /* a folder: names in it not synced */
	_Bool owed;             /* a folder that took a published name */
	_Bool shrunk;           /* a folder: removals in it not synced */
};

enum { MARKS_MAX = 1024 };
static struct mark marks[MARKS_MAX];
static unsigned n_marks;
static char why[3 * ENGINE_PATH];

static struct mark *mark_of(const char *path)
{
	struct mark *m;

	for (unsigned i = 0; i < n_marks; i++)
		if (strcmp(marks[i].path, path) == 0)
			return &marks[i];
	m = &marks[n_marks < MARKS_MAX ? n_marks++ : MARKS_MAX - 1];
	*m = (struct mark){ .owed = 0 };
	(void)snprintf(m->path, sizeof(m->path), "%s", path);
	return m;
}

static struct mark *folder_of(const char *path)
{
	char folder[ENGINE_PATH];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash != NULL && slash != folder)
		*slash = '\0';
	return mark_of(folder);
}

/* Is `path` `top` or below it? */
static _Bool under(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 &&
	       (path[n] == '\0' || path[n] == '/');
}

/* `c` gave a name: all that came along must have been durable before. */
static const char *named(const struct engine_call *c)
{
	char moved[ENGINE_PATH];
	struct mark *m;

	for (m = marks; m < marks + n_marks; m++) {
		if (under(m->path, c->path))
			m->dirty = m->grown = m->owed = 0;
		if (!under(m->path, c->from))
			continue;
		if (m->dirty || m->grown) {
			(void)snprintf(why, sizeof(why),
			               "'%.191s' was not synced before the "
			               "%.20s to '%.191s'", m->path, c->name,
			               c->path);
			return why;
		}
		(void)snprintf(moved, sizeof(moved), "%.90s%.100s", c->path,
		               m->path + strlen(c->from));
		(void)strcpy(m->path, moved);
	}
	m = folder_of(c->path);
	m->grown = m->owed = 1;
	return NULL;
}

static const char *walk(const struct engine_call *c)
{
	switch (c->kind) {
	case ENGINE_WRITE:
		mark_of(c->path)->dirty = 1;
		break;
	case ENGINE_SYNC: {
		struct mark *m = mark_of(c->path);

		m->dirty = m->grown = m->owed = m->shrunk = 0;
		break;
	}
	case ENGINE_CREATE:
		folder_of(c->path)->grown = 1;
		break;
	case ENGINE_REMOVE:
		mark_of(c->path)->dirty = 0;
		mark_of(c->path)->grown = 0;
		folder_of(c->path)->shrunk = 1;
		break;
	case ENGINE_NAME:
		return named(c);
	case ENGINE_OTHER:
	case ENGINE_MEMORY:
	case ENGINE_HINT:
		break;
	}
	return NULL;
}

const char *order_check(const struct engine_shared *s, _Bool all_names)
{
	const char *bad;

	n_marks = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->call[i].done && (bad = walk(&s->call[i])) != NULL)
			return bad;
	for (struct mark *m = marks; m < marks + n_marks; m++)
		if (m->owed) {
			(void)snprintf(why, sizeof(why), "folder '%s' was not "
			               "synced after it took a new name",
			               m->path);
			return why;
		}
	for (struct mark *m = marks; all_names && m < marks + n_marks; m++)
		if (m->grown || m->shrunk) {
			(void)snprintf(why, sizeof(why), "folder '%s' was not "
			               "synced after a name was made or "
			               "removed", m->path);
			return why;
		}
	if (n_marks == MARKS_MAX)
		return "too many files to follow";
	return NULL;
}
