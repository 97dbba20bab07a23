/* store.h - a place where snapshots are kept, whatever it is.
 *
 * A driver (folder_open, later object stores) makes a store; programs use it
 * by the functions here.  Names are those of files: no '/', never "." or "..".
 * A pinned file is never removed. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { STORE_NAME_MAX = 255, STORE_ITEMS_MAX = 100000 };

enum store_type {
	STORE_FILE,             /* the only one that can be opened */
	STORE_FOLDER,
	STORE_LINK,             /* never followed */
	STORE_SPECIAL,          /* pipe, socket, device */
};

struct store_item {
	char name[STORE_NAME_MAX + 1];
	enum store_type type;
	uint64_t size;
	int64_t mtime;          /* seconds since 1970 */
	_Bool pinned;
};

struct store_list {
	struct store_item *items;       /* sorted by name, bytewise */
	size_t count, room;
};
#define STORE_LIST_INIT { .items = NULL }

struct store;
struct store_ops {
	int (*list)(struct store *s, struct store_list *out, struct err *e);
	int (*stat)(struct store *s, const char *name, struct store_item *out,
	            struct err *e);
	int (*open)(struct store *s, const char *name, int *out_fd,
	            struct err *e);
	int (*remove)(struct store *s, const char *name, struct err *e);
	int (*pin)(struct store *s, const char *name, _Bool on, struct err *e);
	void (*close)(struct store *s);
};
/* The head of every driver's own struct. */
struct store {
	const struct store_ops *ops;
};

/* Everything in the place.  On success end with store_list_clear(). */
int store_list(struct store *s, struct store_list *out,
               struct err *e) MUST_USE;
void store_list_clear(struct store_list *l);
/* ERR_MISSING when there is no such name. */
int store_stat(struct store *s, const char *name, struct store_item *out,
               struct err *e) MUST_USE;
/* A descriptor to read the file from, with pread; the caller closes it.  Never
 * blocks on what is not a file (ERR_REFUSED). */
int store_open(struct store *s, const char *name, int *out_fd,
               struct err *e) MUST_USE;
/* Remove a snapshot file or what a dead run left of one, durably.  ERR_REFUSED
 * when it is pinned or nothing of ours. */
int store_remove(struct store *s, const char *name, struct err *e) MUST_USE;
/* Keep a file from being removed, until unpinned; durable, and fine when it is
 * so already. */
int store_pin(struct store *s, const char *name, struct err *e) MUST_USE;
int store_unpin(struct store *s, const char *name, struct err *e) MUST_USE;
/* Release; NULL is fine. */
void store_close(struct store *s);

/* For the drivers: one more item, zeroed, or NULL when there are too many or
 * memory ran out (`e` tells). */
struct store_item *store_list_add(struct store_list *l, struct err *e);

#endif
