#include "bolt/patch.h"

#include <stdlib.h>
#include <string.h>

#include "bolt/bytes.h"

/* What a level of the right edge has become: one page in place of the old one,
 * or the old one (or its left half) and a new one behind it. */
struct edge {
	struct dense_element up[2];
	size_t n;
};

struct job {
	const struct patch *p;
	struct tree *t;
	struct dense d;
	_Bool rewrite;
};

static struct dense_element leaf_element(const struct page_item *it)
{
	return (struct dense_element){
		.key = it->key, .key_len = it->key_len, .value = it->value,
		.value_len = it->value_len, .is_bucket = it->is_bucket,
	};
}

static struct dense_element row_element(const struct patch *p)
{
	return (struct dense_element){
		.key = p->key, .key_len = (uint32_t)p->key_len,
		.value = p->value, .value_len = (uint32_t)p->value_len,
	};
}

static struct dense_element first_of(const struct page *p, uint64_t child)
{
	struct dense_element el = { .child = child };

	if (p->flags == PAGE_LEAF) {
		el.key = page_item(p, 0).key;
		el.key_len = page_item(p, 0).key_len;
	} else {
		el.key = page_child(p, 0).key;
		el.key_len = page_child(p, 0).key_len;
	}
	return el;
}

/* ---- a row behind the last one ---- */

/* The last leaf with the row, or, when it is full, a leaf for the row alone
 * beside the old one. */
static int edge_leaf(struct job *j, const struct page *p, struct edge *out,
                     struct err *e)
{
	size_t n = p->count;
	struct dense_element *items = malloc((n + 1) * sizeof(*items));
	int rc;

	if (items == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++) {
		struct page_item it = page_item(p, (unsigned)i);

		items[i] = leaf_element(&it);
	}
	items[n] = row_element(j->p);
	out->up[0] = items[0];
	out->up[1] = items[n];
	out->n = dense_size(1, items, n + 1) <= j->d.page_size ? 1 : 2;
	if (out->n == 1) {
		rc = dense_page(&j->d, 1, items, n + 1, &out->up[0].child, e);
	} else {
		out->up[0].child = p->id;
		rc = dense_page(&j->d, 1, items + n, 1, &out->up[1].child, e);
	}
	free(items);
	return rc;
}

/* The branch with its last child replaced by `below`; cut in halves when it
 * is full, for bbolt wants two children at least in every branch. */
static int edge_branch(struct job *j, const struct page *p,
                       const struct edge *below, struct edge *out,
                       struct err *e)
{
	size_t n = p->count - 1u, total = n + below->n, left = total;
	struct dense_element *items = malloc(total * sizeof(*items));
	int rc;

	if (items == NULL)
		return err_nomem(e);
	for (size_t i = 0; i <= n; i++) {
		struct page_child c = page_child(p, (unsigned)i);

		items[i] = (struct dense_element){ .key = c.key,
			.key_len = c.key_len, .child = c.page };
	}
	items[n].child = below->up[0].child;
	if (below->n == 2)
		items[n + 1] = below->up[1];
	if (total >= 4 && dense_size(0, items, total) > j->d.page_size)
		left = total / 2;
	out->n = left == total ? 1 : 2;
	out->up[0] = items[0];
	rc = dense_page(&j->d, 0, items, left, &out->up[0].child, e);
	if (rc == 0 && out->n == 2) {
		out->up[1] = items[left];
		rc = dense_page(&j->d, 0, items + left, total - left,
		                &out->up[1].child, e);
	}
	free(items);
	return rc;
}

static int check_above(const struct patch *p, const struct page *leaf,
                       struct err *e)
{
	struct page_item last = page_item(leaf, leaf->count - 1u);

	if (page_key_cmp(last.key, last.key_len, p->key, p->key_len) < 0)
		return 0;
	return err_set(e, ERR_CORRUPT, "bucket '%s' ends behind the row that "
	               "was to be its last", p->append_to);
}

/* Copy the right edge of the tree with the row added: a page a level. */
static int append_to_tree(struct job *j, const struct tree_cursor *c,
                          uint64_t *out_root, struct err *e)
{
	struct edge now, up;
	unsigned at = c->depth - 1;

	if (check_above(j->p, &c->path[at].page, e) < 0 ||
	    edge_leaf(j, &c->path[at].page, &now, e) < 0)
		return -1;
	while (at-- > 0) {
		if (edge_branch(j, &c->path[at].page, &now, &up, e) < 0)
			return -1;
		now = up;
	}
	if (now.n == 1) {
		*out_root = now.up[0].child;
		return 0;
	}
	/* The root was cut: a new one above it. */
	now.up[0] = first_of(&c->path[0].page, now.up[0].child);
	return dense_page(&j->d, 0, now.up, 2, out_root, e);
}

static int copy_bucket(struct job *j, const struct page_item *name,
                       const struct tree_bucket *b, _Bool with_row,
                       struct err *e)
{
	const struct patch *p = j->p;
	struct tree_cursor c;
	struct page_item it;
	_Bool found;

	if (dense_bucket(&j->d, name->key, name->key_len, b->sequence, e) < 0 ||
	    tree_first(&c, j->t, b, e) < 0)
		return -1;
	for (;;) {
		if (tree_next(&c, &it, &found, e) < 0)
			return -1;
		if (!found)
			break;
		if (it.is_bucket)
			return err_set(e, ERR_CORRUPT, "bucket '%s' holds "
			               "buckets", b->name);
		if (dense_put(&j->d, it.key, it.key_len, it.value,
		              it.value_len, e) < 0)
			return err_wrap(e, "bucket '%s'", b->name);
	}
	if (with_row && dense_put(&j->d, p->key, p->key_len, p->value,
	                          p->value_len, e) < 0)
		return err_wrap(e, "bucket '%s'", b->name);
	return dense_bucket_end(&j->d, e);
}

static int append_row(struct job *j, const struct page_item *name,
                      const struct tree_bucket *b, struct err *e)
{
	unsigned char v[PAGE_BUCKET_HEADER];
	struct tree_cursor c;
	uint64_t root;

	if (tree_right_edge(&c, j->t, b, e) < 0)
		return -1;
	/* Inline, or an empty leaf: there is next to nothing to copy. */
	if (b->root == 0 || c.path[c.depth - 1].page.count == 0)
		return copy_bucket(j, name, b, 1, e);
	if (append_to_tree(j, &c, &root, e) < 0)
		return -1;
	bytes_put_le64(v, root);
	bytes_put_le64(v + 8, b->sequence);
	return dense_adopt(&j->d, name->key, name->key_len, v, sizeof(v), e);
}

/* ---- all buckets ---- */

static const struct patch_bucket *replaced(const struct patch *p,
                                           const struct page_item *name)
{
	for (size_t i = 0; i < p->n_replace; i++)
		if (strlen(p->replace[i].name) == name->key_len &&
		    memcmp(p->replace[i].name, name->key, name->key_len) == 0)
			return &p->replace[i];
	return NULL;
}

static int put_bucket(struct job *j, const struct patch_bucket *r,
                      struct err *e)
{
	if (dense_bucket(&j->d, r->name, strlen(r->name), 0, e) < 0)
		return -1;
	for (size_t i = 0; i < r->content->n; i++) {
		const struct entries_item *it = &r->content->items[i];

		if (dense_put(&j->d, it->key, it->key_len, it->value,
		              it->value_len, e) < 0)
			return err_wrap(e, "bucket '%s'", r->name);
	}
	return dense_bucket_end(&j->d, e);
}

static int old_bucket(struct job *j, const struct page_item *it, struct err *e)
{
	const char *row = j->p->append_to;
	struct tree_bucket b;
	_Bool with_row = row != NULL && strlen(row) == it->key_len &&
	                 memcmp(row, it->key, it->key_len) == 0;

	if (replaced(j->p, it) != NULL)
		return 0;
	if (tree_bucket_of(j->t, it, &b, e) < 0)
		return -1;
	if (j->rewrite)
		return copy_bucket(j, it, &b, with_row, e);
	if (with_row)
		return append_row(j, it, &b, e);
	return dense_adopt(&j->d, it->key, it->key_len, it->value,
	                   it->value_len, e);
}

static int apply(struct job *j, struct meta *out_meta, struct err *e)
{
	struct tree_bucket top;
	struct tree_cursor c;
	struct page_item it;
	_Bool found;

	tree_top(j->t, &top);
	if (tree_first(&c, j->t, &top, e) < 0)
		return -1;
	for (;;) {
		if (tree_next(&c, &it, &found, e) < 0)
			return -1;
		if (!found)
			break;
		if (old_bucket(j, &it, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < j->p->n_replace; i++)
		if (put_bucket(j, &j->p->replace[i], e) < 0)
			return -1;
	return dense_finish(&j->d, j->t->meta.txid, j->t->meta.sequence,
	                    out_meta, e);
}

int patch_in_place(const struct patch *p, struct tree *t, struct outfile *out,
                   struct meta *out_meta, struct err *e)
{
	struct job j = { .p = p, .t = t, .d = DENSE_INIT };
	int rc = -1;

	if (dense_open(&j.d, out, t->meta.page_size, 100, t->meta.pages,
	               e) == 0)
		rc = apply(&j, out_meta, e);
	dense_close(&j.d);
	return rc;
}

/* A page size that no machine uses is not kept. */
static uint32_t page_size_for(const struct tree *t)
{
	return t->meta.page_size < 4096 || t->meta.page_size > 65536
	               ? 4096 : t->meta.page_size;
}

int patch_rewrite(const struct patch *p, struct tree *t, unsigned fill,
                  struct outfile *out, struct meta *out_meta, struct err *e)
{
	struct job j = { .p = p, .t = t, .d = DENSE_INIT, .rewrite = 1 };
	int rc = -1;

	if (dense_open(&j.d, out, page_size_for(t), fill, 2, e) == 0)
		rc = apply(&j, out_meta, e);
	dense_close(&j.d);
	return rc;
}
