#include "bolt/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bolt/bytes.h"
#include "bolt/findings.h"

enum { PROBES = 15 };                   /* page sizes from META_PAGE_MIN on */

/* ---- opening ---- */

/* Where meta 0 is damaged, meta 1 lies at one page size from the start. */
static _Bool find_second(const struct tree *t, const struct meta *first,
                         struct meta *out)
{
	struct err ignored;

	for (unsigned i = 0; i < PROBES; i++) {
		size_t at = (size_t)META_PAGE_MIN << i;

		if (first != NULL && at != first->page_size)
			continue;
		if (at + META_BYTES <= t->map_len &&
		    meta_parse(out, t->map + at, META_BYTES, &ignored) == 0 &&
		    out->page_size == at)
			return 1;
	}
	return 0;
}

static int read_metas(struct tree *t, struct err *e)
{
	struct meta m0, m1;
	_Bool ok0 = meta_parse(&m0, t->map, t->map_len, e) == 0;
	_Bool ok1 = find_second(t, ok0 ? &m0 : NULL, &m1);
	const struct meta *m = meta_choose(ok0 ? &m0 : NULL, ok1 ? &m1 : NULL);

	if (m == NULL)
		return err_wrap(e, "not a bbolt database");
	t->meta = *m;
	if (t->meta.pages * t->meta.page_size > t->map_len)
		return err_set(e, ERR_CORRUPT, "cut short: %zu bytes where %"
		               PRIu64 " pages of %" PRIu32 " make %" PRIu64,
		               t->map_len, t->meta.pages, t->meta.page_size,
		               t->meta.pages * t->meta.page_size);
	return 0;
}

int tree_open(struct tree *t, int fd, struct err *e)
{
	void *map;

	*t = (struct tree)TREE_INIT;
	if (fstat(fd, &t->st) < 0)
		return err_sys(e, "cannot look at the database");
	if (!S_ISREG(t->st.st_mode))
		return err_set(e, ERR_REFUSED, "not a regular file");
	if (t->st.st_size < META_BYTES)
		return err_set(e, ERR_CORRUPT, "%jd bytes are too few for a "
		               "database", (intmax_t)t->st.st_size);
	map = mmap(NULL, (size_t)t->st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(e, "cannot map the database");
	t->fd = fd;
	t->map = map;
	t->map_len = (size_t)t->st.st_size;
	if (read_metas(t, e) < 0) {
		tree_close(t);
		return -1;
	}
	t->checked = calloc(t->meta.pages / 8 + 1, 1);
	if (t->checked == NULL) {
		tree_close(t);
		return err_nomem(e);
	}
	return 0;
}

int tree_unchanged(const struct tree *t, struct err *e)
{
	struct stat now;

	if (fstat(t->fd, &now) < 0)
		return err_sys(e, "cannot look at the database");
	if (now.st_size != t->st.st_size ||
	    now.st_mtim.tv_sec != t->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != t->st.st_mtim.tv_nsec)
		return err_set(e, ERR_REFUSED,
		               "the database was changed while it was read");
	return 0;
}

void tree_close(struct tree *t)
{
	if (t->map != NULL)
		(void)munmap(t->map, t->map_len);
	free(t->checked);
	*t = (struct tree)TREE_INIT;
}

/* ---- pages ---- */

static int bad_page(uint64_t id, const struct tree_bucket *b,
                    enum page_fault fault, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "page %" PRIu64 " of bucket '%s' %s",
	               id, b->name, page_fault_text(fault));
}

static int get_page(struct tree *t, const struct tree_bucket *b, uint64_t id,
                    struct page *out, struct err *e)
{
	size_t ps = t->meta.page_size;
	unsigned char bit = (unsigned char)(1u << (id & 7));
	enum page_fault fault;
	unsigned at;

	if (id < 2 || id >= t->meta.pages)
		return bad_page(id, b, PAGE_PAST_END, e);
	page_view(out, t->map + id * ps, ps);
	if (out->overflow >= t->meta.pages - id)
		return bad_page(id, b, PAGE_PAST_END, e);
	out->size = ((size_t)out->overflow + 1) * ps;
	if ((t->checked[id >> 3] & bit) != 0)
		return 0;
	if (out->id != id)
		return bad_page(id, b, PAGE_WRONG_ID, e);
	fault = page_check(out, t->meta.pages, &at);
	if (fault != PAGE_FINE)
		return bad_page(id, b, fault, e);
	t->checked[id >> 3] |= bit;
	return 0;
}

/* ---- buckets ---- */

void tree_top(const struct tree *t, struct tree_bucket *out)
{
	*out = (struct tree_bucket){ .name = "(top)", .root = t->meta.root,
	                             .sequence = t->meta.sequence };
}

static int open_inline(const struct page_item *it, struct tree_bucket *b,
                       struct err *e)
{
	enum page_fault fault;
	unsigned at;

	if (it->value_len < PAGE_BUCKET_HEADER + PAGE_HEADER)
		return err_set(e, ERR_CORRUPT, "bucket '%s' is cut short",
		               b->name);
	page_view(&b->inlined, it->value + PAGE_BUCKET_HEADER,
	          it->value_len - PAGE_BUCKET_HEADER);
	fault = b->inlined.flags != PAGE_LEAF || b->inlined.overflow != 0
	                ? PAGE_WRONG_TYPE : page_check(&b->inlined, 0, &at);
	if (fault != PAGE_FINE)
		return err_set(e, ERR_CORRUPT, "bucket '%s', which lies "
		               "inline, %s", b->name, page_fault_text(fault));
	return 0;
}

int tree_bucket_of(const struct tree *t, const struct page_item *it,
                   struct tree_bucket *out, struct err *e)
{
	struct tree_bucket b = { .root = 0 };
	char text[FINDINGS_KEY];

	(void)snprintf(b.name, sizeof(b.name), "%s",
	               findings_key(it->key, it->key_len, text));
	if (!it->is_bucket || it->value_len < PAGE_BUCKET_HEADER)
		return err_set(e, ERR_CORRUPT, "'%s' at the top is no bucket",
		               b.name);
	b.root = bytes_le64(it->value);
	b.sequence = bytes_le64(it->value + 8);
	if (b.root == 0 && open_inline(it, &b, e) < 0)
		return -1;
	if (b.root != 0 && (b.root < 2 || b.root >= t->meta.pages))
		return bad_page(b.root, &b, PAGE_PAST_END, e);
	*out = b;
	return 0;
}

int tree_bucket(struct tree *t, const char *name, struct tree_bucket *out,
                struct err *e)
{
	struct tree_bucket top;
	struct page_item it;
	_Bool found;

	tree_top(t, &top);
	if (tree_get(t, &top, name, strlen(name), &it, &found, e) < 0)
		return -1;
	if (!found)
		return err_set(e, ERR_MISSING, "there is no bucket '%s'", name);
	return tree_bucket_of(t, &it, out, e);
}

/* ---- cursors ---- */

struct goal {
	const void *key;                /* NULL: the first key, or the last */
	size_t len;
	_Bool last;
};

static int visit(struct tree_cursor *c, uint64_t id, struct err *e)
{
	struct tree_step *s;

	if (c->depth == TREE_DEPTH_MAX)
		return err_set(e, ERR_CORRUPT, "page %" PRIu64 " of bucket '%s'"
		               " lies more than %d levels deep", id,
		               c->bucket.name, TREE_DEPTH_MAX);
	/* Each page once: a tree that says otherwise runs in circles. */
	if (++c->visits > c->tree->meta.pages)
		return err_set(e, ERR_CORRUPT, "page %" PRIu64 " of bucket '%s'"
		               " is reached twice", id, c->bucket.name);
	s = &c->path[c->depth];
	if (get_page(c->tree, &c->bucket, id, &s->page, e) < 0)
		return -1;
	s->at = 0;
	c->depth++;
	return 0;
}

/* The number of elements whose keys lie below `key`, or are it with `equal`. */
static unsigned below(const struct page *p, const struct goal *g, _Bool equal)
{
	unsigned low = 0, high = p->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;
		int c;

		if (p->flags == PAGE_LEAF) {
			struct page_item it = page_item(p, mid);

			c = page_key_cmp(it.key, it.key_len, g->key, g->len);
		} else {
			struct page_child ch = page_child(p, mid);

			c = page_key_cmp(ch.key, ch.key_len, g->key, g->len);
		}
		if (c < 0 || (equal && c == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A child's keys must lie where its parent says. */
static int check_place(const struct tree_cursor *c, struct err *e)
{
	const struct tree_step *up = &c->path[c->depth - 2];
	const struct page *p = &c->path[c->depth - 1].page;
	struct page_child sep = page_child(&up->page, up->at);
	const unsigned char *key;
	size_t len;
	char text[FINDINGS_KEY];

	if (p->count == 0)
		return 0;
	key = p->flags == PAGE_LEAF ? page_item(p, 0).key
	                            : page_child(p, 0).key;
	len = p->flags == PAGE_LEAF ? page_item(p, 0).key_len
	                            : page_child(p, 0).key_len;
	if (page_key_cmp(key, len, sep.key, sep.key_len) >= 0)
		return 0;
	return err_set(e, ERR_CORRUPT, "page %" PRIu64 " of bucket '%s': key "
	               "'%s' lies before the key that leads to the page", p->id,
	               c->bucket.name, findings_key(key, len, text));
}

/* From the branch or leaf on top of the path down to a leaf. */
static int descend(struct tree_cursor *c, const struct goal *g, struct err *e)
{
	for (;;) {
		struct tree_step *s = &c->path[c->depth - 1];
		unsigned n = 0;

		if (g->key != NULL)
			n = below(&s->page, g, s->page.flags == PAGE_BRANCH);
		if (s->page.flags == PAGE_LEAF) {
			s->at = n;
			if (g->last && s->page.count > 0)
				s->at = s->page.count - 1u;
			return 0;
		}
		s->at = n == 0 ? 0 : n - 1;
		if (g->last)
			s->at = s->page.count - 1u;
		if (visit(c, page_child(&s->page, s->at).page, e) < 0 ||
		    check_place(c, e) < 0)
			return -1;
	}
}

static int start(struct tree_cursor *c, struct tree *t,
                 const struct tree_bucket *b, const struct goal *g,
                 struct err *e)
{
	c->tree = t;
	c->bucket = *b;
	c->depth = 0;
	c->visits = 0;
	c->last = NULL;
	c->last_len = 0;
	if (b->root == 0) {
		c->path[0] = (struct tree_step){ .page = b->inlined };
		c->depth = 1;
	} else if (visit(c, b->root, e) < 0) {
		return -1;
	}
	return descend(c, g, e);
}

int tree_first(struct tree_cursor *c, struct tree *t,
               const struct tree_bucket *b, struct err *e)
{
	const struct goal g = { .key = NULL };

	return start(c, t, b, &g, e);
}

int tree_seek(struct tree_cursor *c, struct tree *t,
              const struct tree_bucket *b, const void *key, size_t len,
              struct err *e)
{
	const struct goal g = { .key = key, .len = len };

	return start(c, t, b, &g, e);
}

int tree_right_edge(struct tree_cursor *c, struct tree *t,
                    const struct tree_bucket *b, struct err *e)
{
	const struct goal g = { .last = 1 };

	return start(c, t, b, &g, e);
}

/* Leave the pages that are used up; stand on the next leaf, or at the end. */
static int climb(struct tree_cursor *c, struct err *e)
{
	const struct goal g = { .key = NULL };

	while (c->depth > 0) {
		struct tree_step *s = &c->path[c->depth - 1];

		if (s->page.flags == PAGE_LEAF) {
			if (s->at < s->page.count)
				return 0;
		} else if (++s->at < s->page.count) {
			if (visit(c, page_child(&s->page, s->at).page, e) < 0 ||
			    check_place(c, e) < 0 || descend(c, &g, e) < 0)
				return -1;
			continue;
		}
		c->depth--;
	}
	return 0;
}

int tree_next(struct tree_cursor *c, struct page_item *out, _Bool *found,
              struct err *e)
{
	struct tree_step *s;
	struct page_item it;
	char text[FINDINGS_KEY];

	if (climb(c, e) < 0)
		return -1;
	*found = c->depth > 0;
	if (c->depth == 0)
		return 0;
	s = &c->path[c->depth - 1];
	it = page_item(&s->page, s->at);
	/* Within a page the order was checked with the page. */
	if (s->at == 0 && c->last != NULL &&
	    page_key_cmp(c->last, c->last_len, it.key, it.key_len) >= 0)
		return err_set(e, ERR_CORRUPT, "page %" PRIu64 " of bucket '%s'"
		               ": key '%s' is out of order", s->page.id,
		               c->bucket.name,
		               findings_key(it.key, it.key_len, text));
	s->at++;
	c->last = it.key;
	c->last_len = it.key_len;
	*out = it;
	return 0;
}

int tree_get(struct tree *t, const struct tree_bucket *b, const void *key,
             size_t len, struct page_item *out, _Bool *found, struct err *e)
{
	struct tree_cursor c;
	struct page_item it;
	_Bool any;

	if (tree_seek(&c, t, b, key, len, e) < 0 ||
	    tree_next(&c, &it, &any, e) < 0)
		return -1;
	*found = any && page_key_cmp(it.key, it.key_len, key, len) == 0;
	if (*found)
		*out = it;
	return 0;
}

int tree_last(struct tree *t, const struct tree_bucket *b,
              struct page_item *out, _Bool *found, struct err *e)
{
	struct tree_cursor c;
	const struct tree_step *s;

	if (tree_right_edge(&c, t, b, e) < 0)
		return -1;
	s = &c.path[c.depth - 1];
	*found = s->page.count > 0;
	if (*found)
		*out = page_item(&s->page, s->at);
	return 0;
}
