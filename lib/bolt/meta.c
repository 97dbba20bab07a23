#include "bolt/meta.h"

#include <inttypes.h>

#include "bolt/bytes.h"
#include "bolt/page.h"

#define META_MAGIC 0xED0CDAEDu
enum { META_VERSION = 2 };

/* Offsets in the page. */
enum {
	AT_MAGIC = 16, AT_VERSION = 20, AT_PAGE_SIZE = 24, AT_FLAGS = 28,
	AT_ROOT = 32, AT_SEQUENCE = 40, AT_FREELIST = 48, AT_PAGES = 56,
	AT_TXID = 64, AT_CHECKSUM = 72,
};

/* FNV-1a, 64 bit (draft-eastlake-fnv). */
static uint64_t checksum(const unsigned char *p)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = AT_MAGIC; i < AT_CHECKSUM; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static int in_range(const struct meta *m, struct err *e)
{
	if (m->page_size < META_PAGE_MIN || m->page_size > META_PAGE_MAX ||
	    (m->page_size & (m->page_size - 1)) != 0)
		return err_set(e, ERR_CORRUPT, "page size %" PRIu32
		               " is not one that bbolt uses", m->page_size);
	/* The upper bound keeps every byte offset within 63 bits. */
	if (m->pages < 3 || m->pages > UINT64_C(1) << 39)
		return err_set(e, ERR_CORRUPT,
		               "impossible number of pages %" PRIu64, m->pages);
	if (m->root < 2 || m->root >= m->pages)
		return err_set(e, ERR_CORRUPT, "root page %" PRIu64
		               " is outside the file's %" PRIu64 " pages",
		               m->root, m->pages);
	if (m->freelist != META_NO_FREELIST &&
	    (m->freelist < 2 || m->freelist >= m->pages))
		return err_set(e, ERR_CORRUPT, "freelist page %" PRIu64
		               " is outside the file's %" PRIu64 " pages",
		               m->freelist, m->pages);
	return 0;
}

int meta_parse(struct meta *m, const void *page, size_t len, struct err *e)
{
	const unsigned char *p = page;
	struct meta got;

	if (len < META_BYTES)
		return err_set(e, ERR_CORRUPT, "too short for a meta page");
	if (bytes_le32(p + AT_MAGIC) == __builtin_bswap32(META_MAGIC))
		return err_set(e, ERR_CORRUPT,
		               "written by a machine of the other byte order");
	if (bytes_le32(p + AT_MAGIC) != META_MAGIC)
		return err_set(e, ERR_CORRUPT, "not a bbolt meta page "
		               "(magic %08" PRIx32 ")",
		               bytes_le32(p + AT_MAGIC));
	if (bytes_le32(p + AT_VERSION) != META_VERSION)
		return err_set(e, ERR_CORRUPT, "unknown bbolt version %" PRIu32,
		               bytes_le32(p + AT_VERSION));
	if (bytes_le64(p + AT_CHECKSUM) != checksum(p))
		return err_set(e, ERR_CORRUPT, "wrong meta checksum");
	got.page_size = bytes_le32(p + AT_PAGE_SIZE);
	got.root = bytes_le64(p + AT_ROOT);
	got.sequence = bytes_le64(p + AT_SEQUENCE);
	got.freelist = bytes_le64(p + AT_FREELIST);
	got.pages = bytes_le64(p + AT_PAGES);
	got.txid = bytes_le64(p + AT_TXID);
	if (in_range(&got, e) < 0)
		return -1;
	*m = got;
	return 0;
}

void meta_format(const struct meta *m, uint64_t id, void *page)
{
	unsigned char *p = page;

	(void)memset(p, 0, META_BYTES);
	bytes_put_le64(p, id);
	bytes_put_le16(p + 8, PAGE_META);
	bytes_put_le32(p + AT_MAGIC, META_MAGIC);
	bytes_put_le32(p + AT_VERSION, META_VERSION);
	bytes_put_le32(p + AT_PAGE_SIZE, m->page_size);
	bytes_put_le64(p + AT_ROOT, m->root);
	bytes_put_le64(p + AT_SEQUENCE, m->sequence);
	bytes_put_le64(p + AT_FREELIST, m->freelist);
	bytes_put_le64(p + AT_PAGES, m->pages);
	bytes_put_le64(p + AT_TXID, m->txid);
	bytes_put_le64(p + AT_CHECKSUM, checksum(p));
}

const struct meta *meta_choose(const struct meta *a, const struct meta *b)
{
	if (a == NULL || b == NULL)
		return a == NULL ? b : a;
	return b->txid > a->txid ? b : a;
}
