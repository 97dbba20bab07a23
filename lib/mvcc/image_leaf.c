#include "mvcc/image_leaf.h"

#include "base/crc32c.h"
#include "bolt/bytes.h"
#include "mvcc/record.h"
#include "mvcc/revision.h"

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

const char *image_leaf_fault_text(const struct scan_leaf *sum)
{
	return sum->fault == ROW_FINE ? NULL : row_fault_texts[sum->fault];
}

static int leaf_kind(const struct page *p)
{
	struct page_item first, last;
	struct revision rev;

	if (p->count == 0)
		return IMAGE_LEAF_EMPTY;
	first = page_item(p, 0);
	last = page_item(p, p->count - 1u);
	if (first.is_bucket || last.is_bucket)
		return IMAGE_LEAF_BUCKETS;
	if (revision_parse(&rev, first.key, first.key_len) ||
	    revision_parse(&rev, last.key, last.key_len))
		return IMAGE_LEAF_ROWS;
	if (first.key_len == 8 && last.key_len == 8)
		return IMAGE_LEAF_LEASES;
	return IMAGE_LEAF_OTHER;
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
	_Bool leases = sum->kind == IMAGE_LEAF_LEASES;
	struct row edge = { 0 };

	for (unsigned i = 0; i < p->count; i++) {
		struct page_item it = page_item(p, i);
		uint32_t len = it.key_len + it.value_len;

		sum->crc = crc32c_update(sum->crc, it.key, len);
		sum->len += len;
		leases = leases && is_lease(&it);
	}
	if (sum->kind == IMAGE_LEAF_LEASES && !leases)
		sum->kind = IMAGE_LEAF_OTHER;
	/* The small buckets are read from a copy once the tree is known; of
	 * leases only the first and the last id are wanted. */
	sum->keep = sum->kind != IMAGE_LEAF_LEASES;
	if (sum->keep)
		return 0;
	sum->tag = im->rows.n_rows;
	edge.main = bytes_be64(page_item(p, 0).key);
	if (rows_add(&im->rows, &edge, e) < 0)
		return -1;
	edge.main = bytes_be64(page_item(p, p->count - 1u).key);
	return rows_add(&im->rows, &edge, e);
}

int image_leaf_take(void *arg, const struct page *p, struct scan_leaf *sum,
                     struct err *e)
{
	sum->kind = (uint8_t)leaf_kind(p);
	if (sum->kind == IMAGE_LEAF_ROWS)
		return sum_rows(arg, p, sum, e);
	return sum_others(arg, p, sum, e);
}

size_t image_leaf_edge(void *arg, const struct scan_leaf *sum, _Bool last,
                       unsigned char *key)
{
	struct image *im = arg;
	const struct row *row;
	struct revision rev;

	if (sum->kind != IMAGE_LEAF_ROWS) {
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
