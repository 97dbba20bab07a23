#include "bolt/dense.h"

#include <stdlib.h>
#include <string.h>

#include "bolt/bytes.h"
#include "bolt/findings.h"
#include "bolt/page.h"

enum { COUNT_MAX = 0xFFFE };            /* elements of a page */

int dense_open(struct dense *d, struct outfile *out, uint32_t page_size,
               unsigned fill, uint64_t first, struct err *e)
{
	*d = (struct dense)DENSE_INIT;
	d->out = out;
	d->page_size = page_size;
	d->limit = page_size / 100 * fill + page_size % 100 * fill / 100;
	d->next = first;
	if (first == 2)
		return outfile_zeros(out, 2 * (uint64_t)page_size, e);
	return 0;
}

static uint64_t element_size(_Bool leaf, const struct dense_element *el)
{
	return PAGE_ELEMENT + (uint64_t)el->key_len +
	       (leaf ? el->value_len : 0);
}

uint64_t dense_size(_Bool leaf, const struct dense_element *items, size_t n)
{
	uint64_t size = PAGE_HEADER;

	for (size_t i = 0; i < n; i++)
		size += element_size(leaf, &items[i]);
	return size;
}

/* ---- one page ---- */

static int put_elements(struct dense *d, _Bool leaf,
                        const struct dense_element *items, size_t n,
                        struct err *e)
{
	unsigned char b[PAGE_ELEMENT];
	uint64_t at = PAGE_HEADER + n * PAGE_ELEMENT;

	for (size_t i = 0; i < n; i++) {
		const struct dense_element *el = &items[i];
		uint32_t pos = (uint32_t)(at - PAGE_HEADER - i * PAGE_ELEMENT);

		if (leaf) {
			bytes_put_le32(b, el->is_bucket);
			bytes_put_le32(b + 4, pos);
			bytes_put_le32(b + 8, el->key_len);
			bytes_put_le32(b + 12, el->value_len);
		} else {
			bytes_put_le32(b, pos);
			bytes_put_le32(b + 4, el->key_len);
			bytes_put_le64(b + 8, el->child);
		}
		if (outfile_append(d->out, b, sizeof(b), e) < 0)
			return -1;
		at += el->key_len + (leaf ? el->value_len : 0);
	}
	return 0;
}

static int put_data(struct dense *d, _Bool leaf,
                    const struct dense_element *items, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct dense_element *el = &items[i];

		/* Mostly they come from another page, side by side. */
		if (leaf && el->value == el->key + el->key_len) {
			if (outfile_append(d->out, el->key, (size_t)el->key_len
			                   + el->value_len, e) < 0)
				return -1;
			continue;
		}
		if (outfile_append(d->out, el->key, el->key_len, e) < 0)
			return -1;
		if (leaf && outfile_append(d->out, el->value, el->value_len,
		                           e) < 0)
			return -1;
	}
	return 0;
}

static void page_header(unsigned char *h, uint64_t id, _Bool leaf, size_t n,
                        uint64_t overflow)
{
	bytes_put_le64(h, id);
	bytes_put_le16(h + 8, leaf ? PAGE_LEAF : PAGE_BRANCH);
	bytes_put_le16(h + 10, (uint16_t)n);
	bytes_put_le32(h + 12, (uint32_t)overflow);
}

int dense_page(struct dense *d, _Bool leaf, const struct dense_element *items,
               size_t n, uint64_t *out_page, struct err *e)
{
	uint64_t size = dense_size(leaf, items, n);
	uint64_t pages = (size + d->page_size - 1) / d->page_size;
	unsigned char h[PAGE_HEADER];

	if (n > COUNT_MAX || size > UINT32_MAX)
		return err_set(e, ERR_CORRUPT, "more than a page of bbolt can "
		               "hold");
	page_header(h, d->next, leaf, n, pages - 1);
	if (outfile_append(d->out, h, sizeof(h), e) < 0 ||
	    put_elements(d, leaf, items, n, e) < 0 ||
	    put_data(d, leaf, items, n, e) < 0 ||
	    outfile_zeros(d->out, pages * d->page_size - size, e) < 0)
		return -1;
	*out_page = d->next;
	d->next += pages;
	return 0;
}

/* ---- a tree, from its leaves up ---- */

static int level_add(struct dense *d, unsigned at,
                     const struct dense_element *el, struct err *e);

/* Write the first `n` elements of a level as a page. */
static int level_flush(struct dense *d, unsigned at, size_t n, struct err *e)
{
	struct dense_level *l = &d->levels[at];
	struct dense_element up = { .key = l->items[0].key,
	                            .key_len = l->items[0].key_len };

	if (dense_page(d, at == 0, l->items, n, &up.child, e) < 0)
		return -1;
	l->n -= n;
	(void)memmove(l->items, l->items + n, l->n * sizeof(*l->items));
	l->size = dense_size(at == 0, l->items, l->n);
	return level_add(d, at + 1, &up, e);
}

static _Bool is_full(const struct dense *d, unsigned at,
                     const struct dense_element *el)
{
	const struct dense_level *l = &d->levels[at];
	uint64_t size = l->size + element_size(at == 0, el);

	if (l->n == 0 || (size <= d->limit && l->n < COUNT_MAX))
		return 0;
	/* Two entries of a leaf share overflow pages unless they are huge. */
	if (at == 0)
		return l->n > 1 || size > DENSE_RUN_MAX;
	return l->n > 2;
}

static int level_add(struct dense *d, unsigned at,
                     const struct dense_element *el, struct err *e)
{
	struct dense_level *l;

	if (at == DENSE_LEVELS)
		return err_set(e, ERR_CORRUPT, "the tree is more than %d "
		               "levels high", DENSE_LEVELS);
	l = &d->levels[at];
	if (at == d->height) {
		d->height++;
		l->n = 0;
		l->size = PAGE_HEADER;
	}
	/* bbolt panics over a branch with one child, should it ever merge that
	 * child.  So the last element of a full branch stays, to go with what
	 * may be the last one of all. */
	if (is_full(d, at, el) &&
	    level_flush(d, at, at == 0 ? l->n : l->n - 1, e) < 0)
		return -1;
	if (l->n == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct dense_element *p = realloc(l->items, cap * sizeof(*p));

		if (p == NULL)
			return err_nomem(e);
		l->items = p;
		l->cap = cap;
	}
	l->items[l->n++] = *el;
	l->size += element_size(at == 0, el);
	return 0;
}

/* Write what is pending; the last page written is the root, unless it is the
 * single child of a branch: then that branch is not written. */
static int tree_end(struct dense *d, uint64_t *out_root, struct err *e)
{
	const struct dense_level *l;

	if (d->height == 0)
		return dense_page(d, 1, NULL, 0, out_root, e);
	/* Flushing may make the tree higher; the loop sees that. */
	for (unsigned at = 0; at + 1 < d->height; at++)
		if (level_flush(d, at, d->levels[at].n, e) < 0)
			return -1;
	l = &d->levels[d->height - 1];
	if (d->height > 1 && l->n == 1) {
		*out_root = l->items[0].child;
		return 0;
	}
	return dense_page(d, d->height == 1, l->items, l->n, out_root, e);
}

static int put(struct dense *d, const struct dense_element *el, struct err *e)
{
	const struct dense_level *l = &d->levels[0];
	const struct dense_element *last;
	char text[FINDINGS_KEY];

	if (d->height > 0 && l->n > 0) {
		last = &l->items[l->n - 1];
		if (page_key_cmp(last->key, last->key_len, el->key,
		                 el->key_len) >= 0)
			return err_set(e, ERR_CORRUPT, "key '%s' is out of "
			               "order", findings_key(el->key,
			               el->key_len, text));
	}
	return level_add(d, 0, el, e);
}

/* ---- buckets ---- */

int dense_bucket(struct dense *d, const void *name, size_t len,
                 uint64_t sequence, struct err *e)
{
	if (d->bucket != NULL)
		return err_set(e, ERR_SYS, "a bucket within a bucket");
	d->bucket = name;
	d->bucket_len = len;
	d->sequence = sequence;
	d->height = 0;
	return 0;
}

int dense_put(struct dense *d, const void *key, size_t key_len,
              const void *value, size_t value_len, struct err *e)
{
	const struct dense_element el = {
		.key = key, .key_len = (uint32_t)key_len,
		.value = value, .value_len = (uint32_t)value_len,
	};

	if (key_len == 0 || key_len > PAGE_KEY_MAX || value_len > INT32_MAX)
		return err_set(e, ERR_CORRUPT, "an entry is too large");
	return put(d, &el, e);
}

/* The whole bucket as the value of its entry in the top tree. */
static int put_inline(struct dense *d, struct err *e)
{
	const struct dense_level *l = &d->levels[0];
	size_t n = d->height == 0 ? 0 : l->n, at = PAGE_HEADER;
	size_t size = n == 0 ? PAGE_HEADER : (size_t)l->size;
	unsigned char *v = calloc(1, PAGE_BUCKET_HEADER + size), *p;
	int rc;

	if (v == NULL)
		return err_nomem(e);
	p = v + PAGE_BUCKET_HEADER;
	bytes_put_le64(v + 8, d->sequence);
	page_header(p, 0, 1, n, 0);
	at += n * PAGE_ELEMENT;
	for (size_t i = 0; i < n; i++) {
		const struct dense_element *el = &l->items[i];
		size_t head = PAGE_HEADER + i * PAGE_ELEMENT;

		bytes_put_le32(p + head + 4, (uint32_t)(at - head));
		bytes_put_le32(p + head + 8, el->key_len);
		bytes_put_le32(p + head + 12, el->value_len);
		(void)memcpy(p + at, el->key, el->key_len);
		at += el->key_len;
		if (el->value_len > 0)
			(void)memcpy(p + at, el->value, el->value_len);
		at += el->value_len;
	}
	rc = entries_put(&d->top, d->bucket, d->bucket_len, v,
	                 PAGE_BUCKET_HEADER + size, e);
	free(v);
	return rc;
}

int dense_bucket_end(struct dense *d, struct err *e)
{
	unsigned char v[PAGE_BUCKET_HEADER];
	uint64_t root;
	int rc;

	if (d->height == 0 ||
	    (d->height == 1 && d->levels[0].size <= d->page_size / 4)) {
		rc = put_inline(d, e);
	} else {
		if (tree_end(d, &root, e) < 0)
			return -1;
		bytes_put_le64(v, root);
		bytes_put_le64(v + 8, d->sequence);
		rc = entries_put(&d->top, d->bucket, d->bucket_len, v,
		                 sizeof(v), e);
	}
	d->bucket = NULL;
	d->height = 0;
	return rc;
}

int dense_adopt(struct dense *d, const void *name, size_t len,
                const void *header, size_t header_len, struct err *e)
{
	return entries_put(&d->top, name, len, header, header_len, e);
}

static int write_metas(struct dense *d, const struct meta *m, struct err *e)
{
	unsigned char *b = calloc(2, d->page_size);
	struct meta older = *m;
	int rc;

	if (b == NULL)
		return err_nomem(e);
	/* As etcd writes them: a transaction goes to the page of its parity. */
	older.txid--;
	meta_format(m->txid % 2 == 0 ? m : &older, 0, b);
	meta_format(m->txid % 2 == 0 ? &older : m, 1, b + d->page_size);
	rc = outfile_put_at(d->out, 0, b, 2 * d->page_size, e);
	free(b);
	return rc;
}

int dense_finish(struct dense *d, uint64_t txid, uint64_t sequence,
                 struct meta *out_meta, struct err *e)
{
	struct meta m = {
		.page_size = (uint32_t)d->page_size, .sequence = sequence,
		/* Two on, so that both metas are newer than any before. */
		.freelist = META_NO_FREELIST, .txid = txid + 2,
	};

	d->height = 0;
	for (size_t i = 0; i < d->top.n; i++) {
		const struct entries_item *it = &d->top.items[i];
		const struct dense_element el = {
			.key = it->key, .key_len = it->key_len,
			.value = it->value, .value_len = it->value_len,
			.is_bucket = 1,
		};

		if (put(d, &el, e) < 0)
			return -1;
	}
	if (tree_end(d, &m.root, e) < 0)
		return -1;
	m.pages = d->next;
	if (write_metas(d, &m, e) < 0)
		return -1;
	*out_meta = m;
	return 0;
}

void dense_close(struct dense *d)
{
	for (unsigned i = 0; i < DENSE_LEVELS; i++)
		free(d->levels[i].items);
	entries_close(&d->top);
	*d = (struct dense)DENSE_INIT;
}
