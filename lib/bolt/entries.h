/* entries.h - the keys and values of a small bucket, in memory, sorted. */
#ifndef BOLT_ENTRIES_H
#define BOLT_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { ENTRIES_BYTES_MAX = 32 << 20 };  /* keys and values together */

struct entries_item {
	unsigned char *key, *value;     /* one block: the value follows */
	uint32_t key_len, value_len;
};

struct entries {
	struct entries_item *items;
	size_t n, cap, bytes;
};
#define ENTRIES_INIT { .items = NULL }

/* Add a copy; an entry of the same key is replaced. */
int entries_put(struct entries *s, const void *key, size_t key_len,
                const void *value, size_t value_len, struct err *e) MUST_USE;
/* Remove an entry, if it is there. */
void entries_delete(struct entries *s, const void *key, size_t key_len);
/* NULL when there is none. */
const struct entries_item *entries_find(const struct entries *s,
                                        const void *key, size_t key_len);
void entries_close(struct entries *s);

#endif
