#include "base/conf_arena.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 16 << 10 };

struct conf_arena_chunk {
	struct conf_arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

void *conf_arena_take(struct conf_arena *a, size_t len)
{
	const size_t align = _Alignof(max_align_t);
	struct conf_arena_chunk *k = a->chunks;
	void *p;

	len = (len + align - 1) / align * align;
	if (k == NULL || k->size - k->used < len) {
		size_t size = len > CHUNK ? len : CHUNK;

		k = malloc(sizeof(*k) + size);
		if (k == NULL)
			return NULL;
		k->next = a->chunks;
		k->used = 0;
		k->size = size;
		a->chunks = k;
	}
	p = k->bytes + k->used;
	k->used += len;
	return p;
}

char *conf_arena_text(struct conf_arena *a, const void *text, size_t len)
{
	char *p = conf_arena_take(a, len + 1);

	if (p == NULL)
		return NULL;
	(void)memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

void conf_arena_clear(struct conf_arena *a)
{
	struct conf_arena_chunk *k, *next;

	for (k = a->chunks; k != NULL; k = next) {
		next = k->next;
		explicit_bzero(k->bytes, k->used);
		free(k);
	}
	a->chunks = NULL;
}
