#include "bolt/scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bolt/scan_record.h"

enum {
	KEPT_MAX = 8 << 20,             /* bytes of leaf contents held */
	PROBES = 7,                     /* page sizes tried without meta 0 */
};

int scan_open(struct scan *s, const struct scan_owner *owner,
              uint64_t image_size, _Bool exact, struct findings *f,
              struct err *e)
{
	*s = (struct scan)SCAN_INIT;
	s->owner = *owner;
	s->image_size = image_size;
	s->exact = exact;
	s->findings = f;
	s->head_want = META_BYTES;
	s->head = malloc(s->head_want);
	return s->head == NULL ? err_nomem(e) : 0;
}

/* ---- the stream ---- */

static int add_chunk(struct scan *s, struct err *e)
{
	struct scan_record **chunks;

	chunks = realloc(s->chunks, (s->n_chunks + 1) * sizeof(*chunks));
	if (chunks == NULL)
		return err_nomem(e);
	s->chunks = chunks;
	chunks[s->n_chunks] = calloc(SCAN_CHUNK, sizeof(**chunks));
	if (chunks[s->n_chunks] == NULL)
		return err_nomem(e);
	s->n_chunks++;
	return 0;
}

static int record_new(struct scan *s, struct scan_record **out, struct err *e)
{
	if (s->n_records == UINT32_MAX - SCAN_FIRST_REF)
		return err_set(e, ERR_REFUSED, "too many pages");
	if (s->n_records == s->n_chunks * SCAN_CHUNK && add_chunk(s, e) < 0)
		return -1;
	*out = scan_record(s, s->n_records++);
	return 0;
}

/* Undone by scan_unpack_child(). */
static int pack_children(struct scan_record *r, const struct page *p,
                         struct err *e)
{
	size_t size = 0;
	unsigned char *out;

	for (unsigned i = 0; i < p->count; i++)
		size += SCAN_CHILD + page_child(p, i).key_len;
	r->content = out = malloc(size);
	if (out == NULL)
		return err_nomem(e);
	for (unsigned i = 0; i < p->count; i++) {
		struct page_child c = page_child(p, i);

		bytes_put_le32(out, (uint32_t)c.page);
		bytes_put_le16(out + 4, (uint16_t)c.key_len);
		(void)memcpy(out + SCAN_CHILD, c.key, c.key_len);
		out += SCAN_CHILD + c.key_len;
	}
	return 0;
}

static int keep_content(struct scan *s, struct scan_record *r,
                        const struct page *p, struct err *e)
{
	size_t used = page_used(p);

	/* Old copies of the root lie about in free pages, hence a limit; the
	 * root in force is always kept. */
	if (s->kept_bytes + used > KEPT_MAX && p->id != s->meta.root)
		return 0;
	r->content = malloc(used);
	if (r->content == NULL)
		return err_nomem(e);
	(void)memcpy(r->content, p->data, used);
	s->kept_bytes += used;
	return 0;
}

static int keep_freelist(struct scan *s, const struct page *p, struct err *e)
{
	unsigned char *copy;

	if (p->id != s->meta.freelist)
		return 0;
	if (page_list_check(p, s->meta.pages) != PAGE_FINE) {
		s->refs[p->id] = PAGE_BAD_LIST;
		return 0;
	}
	copy = malloc(p->size);
	if (copy == NULL)
		return err_nomem(e);
	(void)memcpy(copy, p->data, p->size);
	page_view(&s->freelist, copy, p->size);
	return 0;
}

static int take_page(void *arg, const struct page *p, enum page_fault fault,
                     struct err *e)
{
	struct scan *s = arg;
	struct scan_record *r = NULL;
	unsigned at = 0;

	if (fault == PAGE_FINE && p->flags == PAGE_FREELIST)
		return keep_freelist(s, p, e);
	if (fault == PAGE_FINE)
		fault = page_check(p, s->meta.pages, &at);
	if (fault != PAGE_FINE) {
		s->refs[p->id] = (uint32_t)fault;
		return 0;
	}
	if (record_new(s, &r, e) < 0)
		return -1;
	s->refs[p->id] = s->n_records - 1 + SCAN_FIRST_REF;
	r->overflow = p->overflow;
	r->leaf.is_branch = p->flags == PAGE_BRANCH;
	r->leaf.count = p->count;
	if (r->leaf.is_branch)
		return pack_children(r, p, e);
	if (s->owner.leaf(s->owner.arg, p, &r->leaf, e) < 0)
		return -1;
	return r->leaf.keep ? keep_content(s, r, p, e) : 0;
}

/* ---- the metas ---- */

static int want_head(struct scan *s, uint64_t want, struct err *e)
{
	unsigned char *p;

	if (want > s->image_size)
		return err_set(e, ERR_CORRUPT, "%" PRIu64
		               " bytes are too few for a database",
		               s->image_size);
	p = realloc(s->head, (size_t)want);
	if (p == NULL)
		return err_nomem(e);
	s->head = p;
	s->head_want = (size_t)want;
	return 0;
}

/* Where meta 0 is damaged, meta 1 lies at one page size from the start. */
static int probe_second(struct scan *s, struct meta *m, struct err *e)
{
	struct err ignored;

	for (unsigned i = 0; i < PROBES; i++) {
		size_t at = (size_t)META_PAGE_MIN << i;

		if (at + META_BYTES <= s->head_len &&
		    meta_parse(m, s->head + at, META_BYTES, &ignored) == 0 &&
		    m->page_size == at)
			return 0;
	}
	return err_set(e, ERR_CORRUPT, "not a bbolt database: "
	               "neither meta page is valid");
}

static int check_size(const struct scan *s, struct err *e)
{
	uint64_t need = s->meta.pages * s->meta.page_size;

	if (s->image_size < need)
		return err_set(e, ERR_CORRUPT, "cut short: %" PRIu64
		               " bytes where %" PRIu64 " pages of %" PRIu32
		               " make %" PRIu64, s->image_size, s->meta.pages,
		               s->meta.page_size, need);
	if (s->exact && s->image_size > need)
		return err_set(e, ERR_CORRUPT, "too long: %" PRIu64
		               " bytes where %" PRIu64 " pages of %" PRIu32
		               " make %" PRIu64, s->image_size, s->meta.pages,
		               s->meta.page_size, need);
	return 0;
}

static int start(struct scan *s, struct err *e)
{
	const struct window_owner owner = { .page = take_page, .arg = s };

	if (check_size(s, e) < 0)
		return -1;
	if (s->meta.pages > UINT32_MAX - SCAN_FIRST_REF)
		return err_set(e, ERR_REFUSED, "the database has too many "
		               "pages: %" PRIu64, s->meta.pages);
	/* calloc costs nothing for pages that are not touched; the size was
	 * just checked against what the source says it will send. */
	s->refs = calloc(s->meta.pages, sizeof(*s->refs));
	s->reached = calloc(s->meta.pages / 8 + 1, 1);
	if (s->refs == NULL || s->reached == NULL)
		return err_nomem(e);
	s->started = 1;
	return window_open(&s->window, &owner, s->meta.page_size, 2,
	                   s->meta.pages, e);
}

/* The head is full: what it was wanted for decides what comes next. */
static int read_head(struct scan *s, struct err *e)
{
	struct meta m0, m1;
	struct err why0, why1;
	_Bool ok0 = meta_parse(&m0, s->head, s->head_len, &why0) == 0, ok1;
	uint64_t probe = ((uint64_t)META_PAGE_MIN << (PROBES - 1)) + META_BYTES;
	size_t size;

	if (ok0 && s->head_len < 2 * (size_t)m0.page_size)
		return want_head(s, 2 * (uint64_t)m0.page_size, e);
	if (!ok0 && s->head_len < probe && s->head_len < s->image_size)
		return want_head(s, probe < s->image_size ? probe
		                                          : s->image_size, e);
	if (!ok0 && probe_second(s, &m1, e) < 0)
		return err_wrap(e, "page 0: %s", why0.text);
	size = ok0 ? m0.page_size : m1.page_size;
	ok1 = meta_parse(&m1, s->head + size, META_BYTES, &why1) == 0;
	if (!ok0)
		findings_add(s->findings, "page 0: %s", why0.text);
	if (!ok1)
		findings_add(s->findings, "page 1: %s", why1.text);
	if (ok0 && ok1 && m0.page_size != m1.page_size)
		findings_add(s->findings, "page 1: its page size %" PRIu32
		             " is not that of page 0", m1.page_size);
	s->meta = *meta_choose(ok0 ? &m0 : NULL, ok1 ? &m1 : NULL);
	return start(s, e);
}

/* Bytes that belong to pages; what lies behind them is free space. */
static int feed_pages(struct scan *s, uint64_t offset,
                      const unsigned char *data, size_t len, struct err *e)
{
	uint64_t first = 2 * (uint64_t)s->meta.page_size;
	uint64_t end = s->meta.pages * s->meta.page_size;

	if (offset < first) {
		uint64_t skip = first - offset;

		if (skip >= len)
			return 0;
		data += skip;
		len -= (size_t)skip;
		offset = first;
	}
	if (offset >= end)
		return 0;
	if (len > end - offset)
		len = (size_t)(end - offset);
	return window_feed(&s->window, data, len, e);
}

int scan_feed(struct scan *s, const void *data, size_t len, struct err *e)
{
	const unsigned char *p = data;

	if (len > s->image_size - s->seen)
		return err_set(e, ERR_CORRUPT, "more than the %" PRIu64
		               " bytes that were announced", s->image_size);
	while (!s->started && len > 0) {
		size_t take = s->head_want - s->head_len;

		if (take > len)
			take = len;
		(void)memcpy(s->head + s->head_len, p, take);
		s->head_len += take;
		s->seen += take;
		p += take;
		len -= take;
		if (s->head_len < s->head_want)
			return 0;
		if (read_head(s, e) < 0)
			return -1;
		if (s->started && feed_pages(s, 0, s->head, s->head_len,
		                             e) < 0)
			return -1;
	}
	if (len > 0 && feed_pages(s, s->seen, p, len, e) < 0)
		return -1;
	s->seen += len;
	return 0;
}

int scan_end(struct scan *s, struct err *e)
{
	if (s->seen < s->image_size || !s->started)
		return err_set(e, ERR_CORRUPT, "cut short: %" PRIu64 " of %"
		               PRIu64 " bytes", s->seen, s->image_size);
	window_close(&s->window);
	return 0;
}

void scan_release(struct scan *s)
{
	for (uint32_t i = 0; i < s->n_records; i++)
		free(scan_record(s, i)->content);
	for (uint32_t i = 0; i < s->n_chunks; i++)
		free(s->chunks[i]);
	free(s->chunks);
	free(s->refs);
	free(s->reached);
	free(s->head);
	free((void *)(uintptr_t)s->freelist.data);
	window_close(&s->window);
	s->n_records = s->n_chunks = 0;
	s->chunks = NULL;
	s->refs = NULL;
	s->reached = s->head = NULL;
	s->freelist.data = NULL;
}

void scan_close(struct scan *s)
{
	scan_release(s);
	*s = (struct scan)SCAN_INIT;
}
