#include "mvcc/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "bolt/bytes.h"
#include "mvcc/record.h"
#include "mvcc/revision.h"

/* What a leaf page holds, told from the shape of its keys. */
enum { EMPTY, BUCKETS, ROWS, LEASES, OTHER };

/* What can be wrong with a row: code and words. */
#define ROW_FAULTS(X) \
	X(ROW_FINE, "is sound") \
	X(ROW_KEY, "has a key that is no revision") \
	X(ROW_VALUE, "has a value that is no key-value record") \
	X(ROW_NO_NAME, "has no key name") \
	X(ROW_MOD, "was modified at another revision than its own") \
	X(ROW_CREATE, "was created after it was modified") \
	X(ROW_VERSION, "has a version below 1") \
	X(ROW_SUB, "has too many changes in one transaction")

enum row_fault {
#define X(fault, text) fault,
	ROW_FAULTS(X)
#undef X
};

static const char *const row_fault_texts[] = {
#define X(fault, text) [fault] = text,
	ROW_FAULTS(X)
#undef X
};

/* ---- while pages come by ---- */

static int leaf_kind(const struct page *p)
{
	struct page_item first, last;
	struct revision rev;

	if (p->count == 0)
		return EMPTY;
	first = page_item(p, 0);
	last = page_item(p, p->count - 1u);
	if (first.is_bucket || last.is_bucket)
		return BUCKETS;
	if (revision_parse(&rev, first.key, first.key_len) ||
	    revision_parse(&rev, last.key, last.key_len))
		return ROWS;
	if (first.key_len == 8 && last.key_len == 8)
		return LEASES;
	return OTHER;
}

static enum row_fault judge_row(const struct revision *rev,
                                const struct record *rec, _Bool blank)
{
	if (rev->sub > UINT32_MAX)
		return ROW_SUB;
	if (blank)
		return ROW_FINE;
	if (rec->key_len == 0)
		return ROW_NO_NAME;
	if (rev->tombstone)
		return ROW_FINE;
	if (rec->mod_revision != (int64_t)rev->main)
		return ROW_MOD;
	if (rec->create_revision > rec->mod_revision ||
	    rec->create_revision < 1)
		return ROW_CREATE;
	return rec->version < 1 ? ROW_VERSION : ROW_FINE;
}

static int log_row(struct image *im, const struct page_item *it,
                   enum row_fault *fault, struct err *e)
{
	struct revision rev = { 0 };
	struct record rec = { 0 };
	struct row row = { 0 };

	*fault = ROW_FINE;
	if (!revision_parse(&rev, it->key, it->key_len))
		*fault = ROW_KEY;
	else if (!record_parse(&rec, it->value, it->value_len))
		*fault = ROW_VALUE;
	else
		*fault = judge_row(&rev, &rec, it->value_len == 0);
	row.main = rev.main;
	row.sub = (uint32_t)rev.sub;
	row.tombstone = rev.tombstone;
	row.blank = it->value_len == 0;
	row.version = (uint32_t)rec.version & 0xffffff;
	row.key = rows_fingerprint(&im->rows, rec.key, rec.key_len);
	row.len = it->key_len + it->value_len;
	row.crc = crc32c_update(0, it->key, row.len);
	return rows_add(&im->rows, &row, e);
}

static void note_fault(struct scan_leaf *sum, unsigned i, enum row_fault fault)
{
	if (fault != ROW_FINE && sum->fault == ROW_FINE) {
		sum->fault = (uint8_t)fault;
		sum->fault_at = (uint16_t)i;
	}
}

static int sum_rows(struct image *im, const struct page *p,
                    struct scan_leaf *sum, struct err *e)
{
	sum->tag = im->rows.n_rows;
	for (unsigned i = 0; i < p->count; i++) {
		struct page_item it = page_item(p, i);
		enum row_fault fault;

		if (log_row(im, &it, &fault, e) < 0)
			return -1;
		note_fault(sum, i, fault);
		sum->crc = crc32c_combine(sum->crc,
		        rows_get(&im->rows, im->rows.n_rows - 1)->crc,
		        it.key_len + it.value_len);
		sum->len += it.key_len + it.value_len;
	}
	return 0;
}

static _Bool is_lease(const struct page_item *it)
{
	struct record_lease l;

	return it->key_len == 8 &&
	       record_parse_lease(&l, it->value, it->value_len) &&
	       (uint64_t)l.id == bytes_be64(it->key);
}

static int sum_others(struct image *im, const struct page *p,
                      struct scan_leaf *sum, struct err *e)
{
	_Bool leases = sum->kind == LEASES;
	struct row edge = { 0 };

	for (unsigned i = 0; i < p->count; i++) {
		struct page_item it = page_item(p, i);
		uint32_t len = it.key_len + it.value_len;

		sum->crc = crc32c_update(sum->crc, it.key, len);
		sum->len += len;
		leases = leases && is_lease(&it);
	}
	if (sum->kind == LEASES && !leases)
		sum->kind = OTHER;
	/* The small buckets are read from a copy once the tree is known; of
	 * leases only the first and the last id are wanted. */
	sum->keep = sum->kind != LEASES;
	if (sum->keep)
		return 0;
	sum->tag = im->rows.n_rows;
	edge.main = bytes_be64(page_item(p, 0).key);
	if (rows_add(&im->rows, &edge, e) < 0)
		return -1;
	edge.main = bytes_be64(page_item(p, p->count - 1u).key);
	return rows_add(&im->rows, &edge, e);
}

static int take_leaf(void *arg, const struct page *p, struct scan_leaf *sum,
                     struct err *e)
{
	sum->kind = (uint8_t)leaf_kind(p);
	if (sum->kind == ROWS)
		return sum_rows(arg, p, sum, e);
	return sum_others(arg, p, sum, e);
}

static size_t edge_key(void *arg, const struct scan_leaf *sum, _Bool last,
                       unsigned char *key)
{
	struct image *im = arg;
	const struct row *row;
	struct revision rev;

	if (sum->kind != ROWS) {
		row = rows_get(&im->rows, sum->tag + last);
		bytes_put_be64(key, row->main);
		return 8;
	}
	row = rows_get(&im->rows, sum->tag + (last ? sum->count - 1u : 0));
	rev.main = row->main;
	rev.sub = row->sub;
	rev.tombstone = row->tombstone;
	return revision_format(&rev, key);
}

int image_open(struct image *im, uint64_t image_size, _Bool exact,
               const char *spill_dir, struct err *e)
{
	const struct scan_owner owner = {
		.leaf = take_leaf, .edge = edge_key, .arg = im,
	};

	im->at = -1;
	im->sum.compact_revision = -1;
	im->sum.scheduled_compact = -1;
	if (rows_open(&im->rows, spill_dir, e) < 0)
		return -1;
	return scan_open(&im->scan, &owner, image_size, exact, &im->findings,
	                 e);
}

int image_feed(struct image *im, const void *data, size_t len, struct err *e)
{
	return scan_feed(&im->scan, data, len, e);
}

void image_close(struct image *im)
{
	scan_close(&im->scan);
	rows_close(&im->rows);
	findings_close(&im->findings);
}

/* ---- when all have come: the buckets ---- */

static void copy_text(char *out, const struct page_item *it)
{
	(void)snprintf(out, IMAGE_TEXT_MAX + 1, "%.*s",
	               it->value_len > IMAGE_TEXT_MAX ? IMAGE_TEXT_MAX
	                                              : (int)it->value_len,
	               (const char *)it->value);
}

static _Bool named(const struct page_item *it, const char *name)
{
	return it->key_len == strlen(name) &&
	       memcmp(it->key, name, it->key_len) == 0;
}

static _Bool read_u64(const struct page_item *it, uint64_t *out)
{
	if (it->value_len != 8)
		return 0;
	*out = bytes_be64(it->value);
	return 1;
}

static _Bool read_revision(const struct page_item *it, int64_t *out)
{
	struct revision rev;

	if (!revision_parse(&rev, it->value, it->value_len))
		return 0;
	*out = (int64_t)rev.main;
	return 1;
}

static void read_meta(struct image *im, const struct page_item *it)
{
	struct image_summary *s = &im->sum;
	char text[FINDINGS_KEY];
	_Bool ok = 1;

	if (named(it, "consistent_index"))
		ok = read_u64(it, &s->consistent_index);
	else if (named(it, "term"))
		ok = read_u64(it, &s->term);
	else if (named(it, "finishedCompactRev"))
		ok = read_revision(it, &s->compact_revision);
	else if (named(it, "scheduledCompactRev"))
		ok = read_revision(it, &s->scheduled_compact);
	else if (named(it, "storageVersion"))
		copy_text(s->storage_version, it);
	if (!ok)
		findings_add(&im->findings, "bucket 'meta': key '%s' does not "
		             "hold what it should",
		             findings_key(it->key, it->key_len, text));
}

static void read_alarm(struct image *im, const struct page_item *it)
{
	struct record_field f;
	const unsigned char *at = it->key, *end = it->key + it->key_len;

	im->sum.alarms++;
	while (at < end)
		if (!record_field(&f, &at, end)) {
			findings_add(&im->findings,
			             "bucket 'alarm': a key is no alarm");
			return;
		}
}

static void read_member(struct image *im, const struct page_item *it)
{
	char text[FINDINGS_KEY];

	im->sum.members++;
	for (uint32_t i = 0; i < it->key_len; i++)
		if (it->key_len > 16 ||
		    memchr("0123456789abcdef", it->key[i], 16) == NULL) {
			findings_add(&im->findings, "bucket 'members': key "
			             "'%s' is no member id",
			             findings_key(it->key, it->key_len, text));
			return;
		}
}

static void read_cluster(struct image *im, const struct page_item *it)
{
	if (named(it, "clusterVersion"))
		copy_text(im->sum.cluster_version, it);
}

static void read_auth(struct image *im, const struct page_item *it)
{
	if (named(it, "authEnabled"))
		im->sum.auth_enabled = it->value_len == 1 && it->value[0] == 1;
}

/* The buckets whose entries are read from a copy of the page. */
static const struct {
	const char *name;
	void (*read)(struct image *im, const struct page_item *it);
} readers[] = {
	{ "meta", read_meta }, { "alarm", read_alarm },
	{ "members", read_member }, { "cluster", read_cluster },
	{ "auth", read_auth },
};

static int visit_rows(struct image *im, uint64_t page,
                      const struct scan_leaf *sum, struct err *e)
{
	const struct rows_run run = {
		.first = sum->tag, .count = sum->count,
		.crc = sum->crc, .len = sum->len,
	};
	const struct row *row;

	if (sum->kind == EMPTY)
		return 0;
	if (sum->kind != ROWS) {
		findings_add(&im->findings, "page %" PRIu64 " of bucket 'key' "
		             "holds something else than revisions", page);
		return 0;
	}
	if (sum->fault != ROW_FINE) {
		row = rows_get(&im->rows, sum->tag + sum->fault_at);
		findings_add(&im->findings, "page %" PRIu64 " of bucket 'key': "
		             "revision %" PRIu64 ".%" PRIu32 " %s", page,
		             row->main, row->sub,
		             row_fault_texts[sum->fault]);
	}
	return rows_append_run(&im->rows, &run, e);
}

static void visit_others(struct image *im, const struct image_bucket *b,
                         uint64_t page, const struct scan_leaf *sum,
                         const struct page *content)
{
	if (strcmp(b->name, "lease") == 0) {
		im->sum.leases += sum->count;
		if (sum->kind != LEASES && sum->kind != EMPTY)
			findings_add(&im->findings, "page %" PRIu64 " of bucket "
			             "'lease' holds something else than leases",
			             page);
		return;
	}
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (strcmp(b->name, readers[i].name) != 0)
			continue;
		if (content == NULL && sum->count > 0)
			findings_add(&im->findings, "page %" PRIu64 " of bucket "
			             "'%s' could not be read: too many old pages",
			             page, b->name);
		for (unsigned k = 0; content != NULL && k < content->count; k++) {
			struct page_item it = page_item(content, k);

			readers[i].read(im, &it);
		}
	}
}

static int visit_leaf(void *arg, uint64_t page, const struct scan_leaf *sum,
                      const struct page *content, struct err *e)
{
	struct image *im = arg;
	struct image_bucket *b = &im->sum.buckets[im->at];

	b->entries += sum->count;
	b->bytes += sum->len;
	b->leaf_pages++;
	im->sum.entries += sum->count;
	im->sum.status_hash = crc32c_combine(im->sum.status_hash, sum->crc,
	                                     sum->len);
	if (sum->kind == BUCKETS) {
		findings_add(&im->findings, "page %" PRIu64 " of bucket '%s' "
		             "holds buckets", page, b->name);
		return 0;
	}
	if (strcmp(b->name, "key") == 0)
		return visit_rows(im, page, sum, e);
	visit_others(im, b, page, sum, content);
	return 0;
}

/* A bucket so small that it lies in the value itself, as a leaf page. */
static int visit_inline(struct image *im, uint64_t page,
                        const struct page_item *it, struct err *e)
{
	struct scan_leaf sum = { 0 };
	enum page_fault fault;
	struct page p;
	unsigned at;

	if (it->value_len < PAGE_BUCKET_HEADER + PAGE_HEADER) {
		findings_add(&im->findings, "page %" PRIu64 ": bucket '%s' is "
		             "cut short", page, im->sum.buckets[im->at].name);
		return 0;
	}
	page_view(&p, it->value + PAGE_BUCKET_HEADER,
	          it->value_len - PAGE_BUCKET_HEADER);
	fault = p.flags != PAGE_LEAF || p.overflow != 0 ? PAGE_WRONG_TYPE
	                                                : page_check(&p, 0, &at);
	if (fault != PAGE_FINE) {
		findings_add(&im->findings, "page %" PRIu64 ": bucket '%s', "
		             "which lies inline, %s", page,
		             im->sum.buckets[im->at].name,
		             page_fault_text(fault));
		return 0;
	}
	sum.count = p.count;
	if (take_leaf(im, &p, &sum, e) < 0 ||
	    visit_leaf(im, page, &sum, &p, e) < 0)
		return -1;
	im->sum.buckets[im->at].leaf_pages = 0;
	return 0;
}

static int visit_bucket(struct image *im, uint64_t page,
                        const struct page_item *it, struct err *e)
{
	const struct scan_visitor v = { .leaf = visit_leaf, .arg = im };
	struct image_bucket *b;
	char text[FINDINGS_KEY];
	uint64_t root;

	(void)findings_key(it->key, it->key_len, text);
	if (!it->is_bucket || it->value_len < PAGE_BUCKET_HEADER) {
		findings_add(&im->findings, "page %" PRIu64 ": '%s' at the top "
		             "is no bucket", page, text);
		return 0;
	}
	if (im->sum.n_buckets == IMAGE_BUCKETS_MAX)
		return err_set(e, ERR_CORRUPT, "more than %d buckets: "
		               "not a database of etcd", IMAGE_BUCKETS_MAX);
	im->at = (int)im->sum.n_buckets++;
	b = &im->sum.buckets[im->at];
	(void)snprintf(b->name, sizeof(b->name), "%.*s", IMAGE_NAME_MAX, text);
	im->sum.status_hash = crc32c_update(im->sum.status_hash, it->key,
	                                    it->key_len);
	root = bytes_le64(it->value);
	if (root == 0)
		return visit_inline(im, page, it, e);
	return scan_walk(&im->scan, root, b->name, &v, e);
}

static int visit_top(void *arg, uint64_t page, const struct scan_leaf *sum,
                     const struct page *content, struct err *e)
{
	struct image *im = arg;

	if (content == NULL) {
		if (sum->count > 0)
			findings_add(&im->findings, "page %" PRIu64 " of the "
			             "top tree does not hold buckets", page);
		return 0;
	}
	for (unsigned i = 0; i < content->count; i++) {
		struct page_item it = page_item(content, i);

		if (visit_bucket(im, page, &it, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the whole ---- */

static void check_buckets(struct image *im)
{
	_Bool key = 0, meta = 0;

	for (unsigned i = 0; i < im->sum.n_buckets; i++) {
		key = key || strcmp(im->sum.buckets[i].name, "key") == 0;
		meta = meta || strcmp(im->sum.buckets[i].name, "meta") == 0;
	}
	if (!key || !meta)
		findings_add(&im->findings, "not a database of etcd: bucket "
		             "'%s' is missing", key ? "meta" : "key");
	else if (im->sum.consistent_index == 0)
		findings_add(&im->findings, "bucket 'meta': there is no "
		             "consistent_index");
}

int64_t image_effective_compaction(const struct image_summary *sum)
{
	return sum->scheduled_compact > sum->compact_revision
	               ? sum->scheduled_compact : sum->compact_revision;
}

int image_finish(struct image *im, struct err *e)
{
	const struct scan_visitor top = { .leaf = visit_top, .arg = im };
	struct image_summary *s = &im->sum;
	int64_t compact;

	if (scan_end(&im->scan, e) < 0 || rows_map(&im->rows, e) < 0)
		return -1;
	s->page_size = im->scan.meta.page_size;
	s->pages = im->scan.meta.pages;
	s->txid = im->scan.meta.txid;
	if (scan_walk(&im->scan, im->scan.meta.root, "(top)", &top, e) < 0 ||
	    scan_walk_account(&im->scan, &s->free_pages, e) < 0)
		return -1;
	check_buckets(im);
	if (rows_finish(&im->rows, &s->rows, &im->findings, e) < 0)
		return -1;
	compact = image_effective_compaction(s);
	s->revision = s->rows.revision;
	if (compact > 0 && (uint64_t)compact > s->revision)
		s->revision = (uint64_t)compact;
	/* A store that was never written to is at revision 1. */
	if (s->revision == 0)
		s->revision = 1;
	return 0;
}

int image_hash_kv(struct image *im, uint64_t revision, int64_t compact_revision,
                  uint32_t *out_hash, struct err *e)
{
	return rows_hash(&im->rows, revision, compact_revision, out_hash, e);
}
