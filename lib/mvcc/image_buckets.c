#include "mvcc/image_buckets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "bolt/bytes.h"
#include "mvcc/image_leaf.h"
#include "mvcc/record.h"
#include "mvcc/revision.h"

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
	};
	const struct row *row;

	if (sum->kind == IMAGE_LEAF_EMPTY)
		return 0;
	if (sum->kind != IMAGE_LEAF_ROWS) {
		findings_add(&im->findings, "page %" PRIu64 " of bucket 'key' "
		             "holds something else than revisions", page);
		return 0;
	}
	if (image_leaf_fault_text(sum) != NULL) {
		row = rows_get(&im->rows, sum->tag + sum->fault_at);
		findings_add(&im->findings, "page %" PRIu64 " of bucket 'key': "
		             "revision %" PRIu64 ".%" PRIu32 " %s", page,
		             row->main, row->sub,
		             image_leaf_fault_text(sum));
	}
	return rows_append_run(&im->rows, &run, e);
}

static void visit_leases(struct image *im, uint64_t page,
                         const struct scan_leaf *sum)
{
	im->sum.leases += sum->count;
	if (sum->kind != IMAGE_LEAF_LEASES && sum->kind != IMAGE_LEAF_EMPTY)
		findings_add(&im->findings, "page %" PRIu64 " of bucket "
		             "'lease' holds something else than leases", page);
}

static void visit_others(struct image *im, const struct image_bucket *b,
                         uint64_t page, const struct scan_leaf *sum,
                         const struct page *content)
{
	size_t i = 0, n = sizeof(readers) / sizeof(readers[0]);

	while (i < n && strcmp(b->name, readers[i].name) != 0)
		i++;
	if (i == n)
		return;
	if (content == NULL && sum->count > 0)
		findings_add(&im->findings, "page %" PRIu64 " of bucket '%s' "
		             "could not be read: too many old pages", page,
		             b->name);
	for (unsigned k = 0; content != NULL && k < content->count; k++) {
		struct page_item it = page_item(content, k);

		readers[i].read(im, &it);
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
	if (sum->kind == IMAGE_LEAF_BUCKETS) {
		findings_add(&im->findings, "page %" PRIu64 " of bucket '%s' "
		             "holds buckets", page, b->name);
		return 0;
	}
	if (strcmp(b->name, "key") == 0)
		return visit_rows(im, page, sum, e);
	if (strcmp(b->name, "lease") == 0)
		visit_leases(im, page, sum);
	else
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
	fault = PAGE_WRONG_TYPE;
	if (p.flags == PAGE_LEAF && p.overflow == 0)
		fault = page_check(&p, 0, &at);
	if (fault != PAGE_FINE) {
		findings_add(&im->findings, "page %" PRIu64 ": bucket '%s', "
		             "which lies inline, %s", page,
		             im->sum.buckets[im->at].name,
		             page_fault_text(fault));
		return 0;
	}
	sum.count = p.count;
	if (image_leaf_take(im, &p, &sum, e) < 0 ||
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

static void check_buckets(struct image *im)
{
	_Bool key = 0, meta = 0, empty = 0;

	for (unsigned i = 0; i < im->sum.n_buckets; i++) {
		if (strcmp(im->sum.buckets[i].name, "key") == 0)
			empty = im->sum.buckets[i].entries == 0;
		key = key || strcmp(im->sum.buckets[i].name, "key") == 0;
		meta = meta || strcmp(im->sum.buckets[i].name, "meta") == 0;
	}
	if (!key || !meta)
		findings_add(&im->findings, "not a database of etcd: bucket "
		             "'%s' is missing", key ? "meta" : "key");
	/* 3.4 writes it with the first revision. */
	else if (im->sum.consistent_index == 0 && !empty)
		findings_add(&im->findings, "bucket 'meta': there is no "
		             "consistent_index");
}

int image_buckets_walk(struct image *im, struct err *e)
{
	const struct scan_visitor top = { .leaf = visit_top, .arg = im };

	if (scan_walk(&im->scan, im->scan.meta.root, "(top)", &top, e) < 0)
		return -1;
	check_buckets(im);
	return 0;
}
