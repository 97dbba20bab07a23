/* conf_arena.h - the memory of a configuration: many pieces that die at once.
 *
 * Begin with zeros; conf_arena_clear() overwrites and frees everything, as a
 * configuration may hold secrets.  NULL when memory runs out. */
#ifndef BASE_CONF_ARENA_H
#define BASE_CONF_ARENA_H

#include <stddef.h>

struct conf_arena_chunk;
struct conf_arena {
	struct conf_arena_chunk *chunks;
};

void *conf_arena_take(struct conf_arena *a, size_t len);
/* A copy of `len` bytes with a NUL behind them. */
char *conf_arena_text(struct conf_arena *a, const void *text, size_t len);
void conf_arena_clear(struct conf_arena *a);

#endif
