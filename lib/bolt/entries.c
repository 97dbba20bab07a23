#include "bolt/entries.h"

#include <stdlib.h>
#include <string.h>

#include "bolt/page.h"

/* Where `key` is, or would go. */
static size_t place(const struct entries *s, const void *key, size_t len,
                    _Bool *there)
{
	size_t low = 0, high = s->n;

	*there = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct entries_item *it = &s->items[mid];
		int c = page_key_cmp(it->key, it->key_len, key, len);

		if (c == 0) {
			*there = 1;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int make_room(struct entries *s, size_t key_len, size_t value_len,
                     struct err *e)
{
	struct entries_item *p;
	size_t cap;

	if (key_len == 0 || key_len > PAGE_KEY_MAX ||
	    value_len > ENTRIES_BYTES_MAX ||
	    s->bytes + key_len + value_len > ENTRIES_BYTES_MAX)
		return err_set(e, ERR_CORRUPT, "a bucket that should be small "
		               "holds more than %d bytes", ENTRIES_BYTES_MAX);
	if (s->n < s->cap)
		return 0;
	cap = s->cap == 0 ? 16 : s->cap * 2;
	p = realloc(s->items, cap * sizeof(*p));
	if (p == NULL)
		return err_nomem(e);
	s->items = p;
	s->cap = cap;
	return 0;
}

int entries_put(struct entries *s, const void *key, size_t key_len,
                const void *value, size_t value_len, struct err *e)
{
	struct entries_item it = { .key_len = (uint32_t)key_len,
	                           .value_len = (uint32_t)value_len };
	_Bool there;
	size_t at;

	if (make_room(s, key_len, value_len, e) < 0)
		return -1;
	it.key = malloc(key_len + value_len);
	if (it.key == NULL)
		return err_nomem(e);
	it.value = it.key + key_len;
	(void)memcpy(it.key, key, key_len);
	if (value_len > 0)
		(void)memcpy(it.value, value, value_len);
	entries_delete(s, key, key_len);
	at = place(s, key, key_len, &there);
	(void)memmove(s->items + at + 1, s->items + at,
	              (s->n - at) * sizeof(it));
	s->items[at] = it;
	s->n++;
	s->bytes += key_len + value_len;
	return 0;
}

void entries_delete(struct entries *s, const void *key, size_t key_len)
{
	_Bool there;
	size_t at = place(s, key, key_len, &there);

	if (!there)
		return;
	s->bytes -= s->items[at].key_len + s->items[at].value_len;
	free(s->items[at].key);
	s->n--;
	(void)memmove(s->items + at, s->items + at + 1,
	              (s->n - at) * sizeof(*s->items));
}

const struct entries_item *entries_find(const struct entries *s,
                                        const void *key, size_t key_len)
{
	_Bool there;
	size_t at = place(s, key, key_len, &there);

	return there ? &s->items[at] : NULL;
}

void entries_close(struct entries *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->items[i].key);
	free(s->items);
	*s = (struct entries)ENTRIES_INIT;
}
