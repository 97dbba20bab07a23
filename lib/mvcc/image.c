#include "mvcc/image.h"

#include "mvcc/image_buckets.h"
#include "mvcc/image_leaf.h"

int image_open(struct image *im, uint64_t image_size, _Bool exact,
               const char *spill_dir, struct err *e)
{
	const struct scan_owner owner = {
		.leaf = image_leaf_take, .edge = image_leaf_edge, .arg = im,
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

int64_t image_effective_compaction(const struct image_summary *sum)
{
	return sum->scheduled_compact > sum->compact_revision
	               ? sum->scheduled_compact : sum->compact_revision;
}

int image_finish(struct image *im, struct err *e)
{
	struct image_summary *s = &im->sum;
	int64_t compact;

	if (scan_end(&im->scan, e) < 0 || rows_map(&im->rows, e) < 0)
		return -1;
	s->page_size = im->scan.meta.page_size;
	s->pages = im->scan.meta.pages;
	s->txid = im->scan.meta.txid;
	if (image_buckets_walk(im, e) < 0 ||
	    scan_walk_account(&im->scan, &s->free_pages, e) < 0)
		return -1;
	/* The sums of the pages have done their duty; what follows needs the
	 * memory. */
	scan_release(&im->scan);
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
