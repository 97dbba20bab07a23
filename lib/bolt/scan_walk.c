#include "bolt/scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bolt/scan_record.h"

enum { DEPTH_MAX = 64 };                /* of a tree; 10 hold a petabyte */

struct key {
	const unsigned char *data;
	size_t len;
};

struct walk {
	struct scan *s;
	const char *bucket;
	const struct scan_visitor *visitor;
};

static _Bool mark(struct scan *s, uint64_t page)
{
	unsigned char bit = (unsigned char)(1u << (page & 7));

	if ((s->reached[page >> 3] & bit) != 0)
		return 0;
	s->reached[page >> 3] |= bit;
	return 1;
}

static _Bool reached(const struct scan *s, uint64_t page)
{
	return (s->reached[page >> 3] >> (page & 7) & 1) != 0;
}

static struct scan_record *look_up(const struct walk *w, uint64_t page)
{
	uint32_t ref = w->s->refs[page];

	if (ref >= SCAN_FIRST_REF)
		return scan_record(w->s, ref - SCAN_FIRST_REF);
	findings_add(w->s->findings, "page %" PRIu64 " of bucket '%s' %s",
	             page, w->bucket, page_fault_text(ref == PAGE_FINE ?
	             PAGE_WRONG_TYPE : (enum page_fault)ref));
	return NULL;
}

static _Bool mark_run(const struct walk *w, uint64_t page, uint32_t overflow)
{
	for (uint64_t p = page; p <= page + overflow; p++)
		if (!mark(w->s, p)) {
			findings_add(w->s->findings, "page %" PRIu64
			             " of bucket '%s' is reached twice", p,
			             w->bucket);
			return 0;
		}
	return 1;
}

static void check_edges(const struct walk *w, uint64_t page,
                        const struct key *first, const struct key *last,
                        const struct key *low, const struct key *high)
{
	char text[FINDINGS_KEY];

	if (low != NULL && page_key_cmp(first->data, first->len, low->data,
	                                low->len) < 0)
		findings_add(w->s->findings, "page %" PRIu64
		             " of bucket '%s': key '%s' lies before the key "
		             "that leads to the page", page, w->bucket,
		             findings_key(first->data, first->len, text));
	if (high != NULL && page_key_cmp(last->data, last->len, high->data,
	                                 high->len) >= 0)
		findings_add(w->s->findings, "page %" PRIu64
		             " of bucket '%s': key '%s' belongs to a later "
		             "page", page, w->bucket,
		             findings_key(last->data, last->len, text));
}

static int visit_leaf(const struct walk *w, uint64_t page,
                      const struct scan_record *r, const struct key *low,
                      const struct key *high, struct err *e)
{
	const struct scan_owner *o = &w->s->owner;
	unsigned char a[SCAN_EDGE], b[SCAN_EDGE];
	struct key first = { .data = a }, last = { .data = b };
	struct page content;

	if (r->content != NULL) {
		page_view(&content, r->content, 0);
		if (content.count > 0) {
			struct page_item f = page_item(&content, 0);
			struct page_item l =
			        page_item(&content, content.count - 1u);

			first = (struct key){ f.key, f.key_len };
			last = (struct key){ l.key, l.key_len };
		}
	} else if (r->leaf.count > 0 && !r->leaf.keep) {
		first.len = o->edge(o->arg, &r->leaf, 0, a);
		last.len = o->edge(o->arg, &r->leaf, 1, b);
	}
	/* A leaf too many to keep has no edges at hand; its owner is told by
	 * the missing content. */
	if (first.len > 0)
		check_edges(w, page, &first, &last, low, high);
	return w->visitor->leaf(w->visitor->arg, page, &r->leaf,
	                        r->content != NULL ? &content : NULL, e);
}

static int walk_page(const struct walk *w, uint64_t page, unsigned depth,
                     const struct key *low, const struct key *high,
                     struct err *e)
{
	struct scan_record *r = look_up(w, page);
	const unsigned char *at;
	struct page_child child, next;

	if (r == NULL || !mark_run(w, page, r->overflow))
		return 0;
	if (!r->leaf.is_branch)
		return visit_leaf(w, page, r, low, high, e);
	if (depth == DEPTH_MAX) {
		findings_add(w->s->findings, "page %" PRIu64
		             " of bucket '%s' lies more than %d levels deep",
		             page, w->bucket, DEPTH_MAX);
		return 0;
	}
	at = r->content;
	next = scan_unpack_child(&at);
	if (low != NULL) {
		struct key first = { next.key, next.key_len };

		check_edges(w, page, &first, &first, low, high);
	}
	for (unsigned i = 0; i < r->leaf.count; i++) {
		struct key from, to;

		child = next;
		from = (struct key){ child.key, child.key_len };
		if (i + 1u < r->leaf.count) {
			next = scan_unpack_child(&at);
			to = (struct key){ next.key, next.key_len };
		}
		if (walk_page(w, child.page, depth + 1, &from,
		              i + 1u < r->leaf.count ? &to : high, e) < 0)
			return -1;
	}
	return 0;
}

int scan_walk(struct scan *s, uint64_t root, const char *bucket,
              const struct scan_visitor *v, struct err *e)
{
	const struct walk w = { .s = s, .bucket = bucket, .visitor = v };

	if (root < 2 || root >= s->meta.pages) {
		findings_add(s->findings, "bucket '%s' has its root on page %"
		             PRIu64 ", outside of the file", bucket, root);
		return 0;
	}
	return walk_page(&w, root, 0, NULL, NULL, e);
}

static int account_list(struct scan *s, unsigned char *free_map)
{
	uint64_t n = page_list_count(&s->freelist);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t id = page_list_id(&s->freelist, i);

		if (reached(s, id))
			findings_add(s->findings, "page %" PRIu64
			             " is in use and in the list of free pages",
			             id);
		free_map[id >> 3] |= (unsigned char)(1u << (id & 7));
	}
	for (uint64_t id = 2; id < s->meta.pages; id++)
		if (!reached(s, id) && (free_map[id >> 3] >> (id & 7) & 1) == 0)
			findings_add(s->findings, "page %" PRIu64
			             " is neither in use nor free", id);
	return 0;
}

int scan_walk_account(struct scan *s, uint64_t *free_pages, struct err *e)
{
	const struct walk w = { .s = s, .bucket = "(freelist)" };
	unsigned char *free_map;
	uint64_t used = 2;

	if (s->meta.freelist != META_NO_FREELIST) {
		if (s->freelist.data == NULL)
			findings_add(s->findings, "page %" PRIu64 " %s",
			             s->meta.freelist,
			             page_fault_text(PAGE_BAD_LIST));
		else if (mark_run(&w, s->meta.freelist, s->freelist.overflow)) {
			free_map = calloc(s->meta.pages / 8 + 1, 1);
			if (free_map == NULL)
				return err_nomem(e);
			(void)account_list(s, free_map);
			free(free_map);
		}
	}
	for (uint64_t id = 2; id < s->meta.pages; id++)
		used += reached(s, id);
	*free_pages = s->meta.pages - used;
	return 0;
}
