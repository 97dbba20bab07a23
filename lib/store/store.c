#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static int check(const char *name, struct err *e)
{
	if (name[0] == '\0' || strlen(name) > STORE_NAME_MAX ||
	    strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return err_set(e, ERR_USAGE, "not a file name: '%s'", name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_item *)a)->name,
	              ((const struct store_item *)b)->name);
}

int store_list(struct store *s, struct store_list *out, struct err *e)
{
	struct store_list l = STORE_LIST_INIT;

	if (s->ops->list(s, &l, e) < 0) {
		store_list_clear(&l);
		return -1;
	}
	if (l.count > 1)
		qsort(l.items, l.count, sizeof(l.items[0]), by_name);
	*out = l;
	return 0;
}

struct store_item *store_list_add(struct store_list *l, struct err *e)
{
	struct store_item *p;

	if (l->count >= STORE_ITEMS_MAX) {
		(void)err_set(e, ERR_REFUSED, "more than %d files",
		              STORE_ITEMS_MAX);
		return NULL;
	}
	if (l->count == l->room) {
		size_t room = l->room == 0 ? 64 : l->room * 2;

		p = realloc(l->items, room * sizeof(*p));
		if (p == NULL) {
			(void)err_nomem(e);
			return NULL;
		}
		l->items = p;
		l->room = room;
	}
	p = &l->items[l->count++];
	(void)memset(p, 0, sizeof(*p));
	return p;
}

void store_list_clear(struct store_list *l)
{
	free(l->items);
	*l = (struct store_list)STORE_LIST_INIT;
}

int store_stat(struct store *s, const char *name, struct store_item *out,
               struct err *e)
{
	return check(name, e) < 0 ? -1 : s->ops->stat(s, name, out, e);
}

int store_open(struct store *s, const char *name, int *out_fd, struct err *e)
{
	return check(name, e) < 0 ? -1 : s->ops->open(s, name, out_fd, e);
}

int store_remove(struct store *s, const char *name, struct err *e)
{
	return check(name, e) < 0 ? -1 : s->ops->remove(s, name, e);
}

int store_pin(struct store *s, const char *name, struct err *e)
{
	return check(name, e) < 0 ? -1 : s->ops->pin(s, name, 1, e);
}

int store_unpin(struct store *s, const char *name, struct err *e)
{
	return check(name, e) < 0 ? -1 : s->ops->pin(s, name, 0, e);
}

void store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}
