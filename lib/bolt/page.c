#include "bolt/page.h"

#include "bolt/bytes.h"

enum { LEAF_IS_BUCKET = 0x01 };

const char *page_fault_text(enum page_fault fault)
{
	static const char *const texts[] = {
#define X(name, text) [name] = text,
		PAGE_FAULTS(X)
#undef X
	};

	return texts[fault];
}

int page_key_cmp(const void *a, size_t a_len, const void *b, size_t b_len)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int c = n == 0 ? 0 : memcmp(a, b, n);

	if (c != 0)
		return c;
	return (a_len > b_len) - (a_len < b_len);
}

void page_view(struct page *p, const void *data, size_t size)
{
	const unsigned char *d = data;

	p->data = d;
	p->size = size;
	p->id = bytes_le64(d);
	p->flags = bytes_le16(d + 8);
	p->count = bytes_le16(d + 10);
	p->overflow = bytes_le32(d + 12);
}

static const unsigned char *element(const struct page *p, unsigned i)
{
	return p->data + PAGE_HEADER + (size_t)i * PAGE_ELEMENT;
}

struct page_item page_item(const struct page *p, unsigned i)
{
	const unsigned char *el = element(p, i);
	struct page_item it;

	it.is_bucket = (bytes_le32(el) & LEAF_IS_BUCKET) != 0;
	it.key = el + bytes_le32(el + 4);
	it.key_len = bytes_le32(el + 8);
	it.value = it.key + it.key_len;
	it.value_len = bytes_le32(el + 12);
	return it;
}

struct page_child page_child(const struct page *p, unsigned i)
{
	const unsigned char *el = element(p, i);
	struct page_child c;

	c.key = el + bytes_le32(el);
	c.key_len = bytes_le32(el + 4);
	c.page = bytes_le64(el + 8);
	return c;
}

/* Does [element i + pos, + len) lie behind the element array and inside? */
static _Bool inside(const struct page *p, unsigned i, uint64_t pos,
                    uint64_t len)
{
	uint64_t at = PAGE_HEADER + (uint64_t)i * PAGE_ELEMENT + pos;

	return at >= PAGE_HEADER + (uint64_t)p->count * PAGE_ELEMENT &&
	       at + len <= p->size;
}

static enum page_fault leaf_check(const struct page *p, unsigned *at)
{
	const unsigned char *last = NULL;
	size_t last_len = 0;

	for (unsigned i = 0; i < p->count; i++) {
		const unsigned char *el = element(p, i);
		uint32_t pos = bytes_le32(el + 4), klen = bytes_le32(el + 8);
		uint32_t vlen = bytes_le32(el + 12);

		*at = i;
		if ((bytes_le32(el) & ~(uint32_t)LEAF_IS_BUCKET) != 0)
			return PAGE_BAD_FLAGS;
		if (!inside(p, i, pos, (uint64_t)klen + vlen))
			return PAGE_BOUNDS;
		if (klen == 0 || klen > PAGE_KEY_MAX)
			return PAGE_NO_KEY;
		if (last != NULL &&
		    page_key_cmp(last, last_len, el + pos, klen) >= 0)
			return PAGE_ORDER;
		last = el + pos;
		last_len = klen;
	}
	return PAGE_FINE;
}

static enum page_fault branch_check(const struct page *p, uint64_t pages,
                                    unsigned *at)
{
	const unsigned char *last = NULL;
	size_t last_len = 0;

	*at = 0;
	if (p->count == 0)
		return PAGE_NO_CHILD;
	for (unsigned i = 0; i < p->count; i++) {
		const unsigned char *el = element(p, i);
		uint32_t pos = bytes_le32(el), klen = bytes_le32(el + 4);
		uint64_t child = bytes_le64(el + 8);

		*at = i;
		if (!inside(p, i, pos, klen))
			return PAGE_BOUNDS;
		if (klen == 0 || klen > PAGE_KEY_MAX)
			return PAGE_NO_KEY;
		if (child < 2 || child >= pages)
			return PAGE_BAD_CHILD;
		if (last != NULL &&
		    page_key_cmp(last, last_len, el + pos, klen) >= 0)
			return PAGE_ORDER;
		last = el + pos;
		last_len = klen;
	}
	return PAGE_FINE;
}

enum page_fault page_check(const struct page *p, uint64_t pages, unsigned *at)
{
	*at = 0;
	if (PAGE_HEADER + (size_t)p->count * PAGE_ELEMENT > p->size)
		return PAGE_BOUNDS;
	if (p->flags == PAGE_LEAF)
		return leaf_check(p, at);
	if (p->flags == PAGE_BRANCH)
		return branch_check(p, pages, at);
	return PAGE_WRONG_TYPE;
}

size_t page_used(const struct page *p)
{
	size_t used = PAGE_HEADER + (size_t)p->count * PAGE_ELEMENT;

	for (unsigned i = 0; i < p->count; i++) {
		const unsigned char *end;

		if (p->flags == PAGE_LEAF) {
			struct page_item it = page_item(p, i);

			end = it.value + it.value_len;
		} else {
			struct page_child c = page_child(p, i);

			end = c.key + c.key_len;
		}
		if ((size_t)(end - p->data) > used)
			used = (size_t)(end - p->data);
	}
	return used;
}

/* A count that does not fit in 16 bits is stored as the first id. */
static const unsigned char *list_ids(const struct page *p, uint64_t *count)
{
	const unsigned char *ids = p->data + PAGE_HEADER;

	*count = p->count;
	if (p->count == 0xFFFF) {
		*count = bytes_le64(ids);
		ids += 8;
	}
	return ids;
}

uint64_t page_list_count(const struct page *p)
{
	uint64_t count;

	(void)list_ids(p, &count);
	return count;
}

uint64_t page_list_id(const struct page *p, uint64_t i)
{
	uint64_t count;
	const unsigned char *ids = list_ids(p, &count);

	return bytes_le64(ids + i * 8);
}

enum page_fault page_list_check(const struct page *p, uint64_t pages)
{
	uint64_t count, last = 1;
	const unsigned char *ids = list_ids(p, &count);

	if (p->flags != PAGE_FREELIST)
		return PAGE_WRONG_TYPE;
	if (count > (p->size - (size_t)(ids - p->data)) / 8)
		return PAGE_BOUNDS;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t id = bytes_le64(ids + i * 8);

		if (id <= last || id >= pages)
			return PAGE_BAD_LIST;
		last = id;
	}
	return PAGE_FINE;
}
