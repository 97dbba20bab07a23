#include "mvcc/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/crc32c.h"

enum {
	CHUNK_BYTES = ROWS_CHUNK * (int)sizeof(struct row),
	TABLE_LOG2_MAX = 19,            /* slots; 16 bytes each: 8 MiB */
	TABLE_LOG2_MIN = 8,
	REST = 8192,                    /* runs; see rest() */
};

int rows_open(struct rows *r, const char *spill_dir, struct err *e)
{
	*r = (struct rows)ROWS_INIT;
	r->spill_dir = spill_dir;
	if (getrandom(&r->seed, sizeof(r->seed), 0) != sizeof(r->seed))
		return err_sys(e, "cannot draw random bytes");
	return 0;
}

uint64_t rows_fingerprint(const struct rows *r, const void *key, size_t len)
{
	uint64_t h = XXH3_64bits_withSeed(key, len, r->seed);

	return h == 0 ? 1 : h;          /* 0 marks an empty slot below */
}

/* ---- the log ---- */

static int open_spill(struct rows *r, struct err *e)
{
	r->spill = open(r->spill_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (r->spill < 0)
		return err_sys(e, "cannot make a temporary file in '%s'",
		               r->spill_dir);
	return 0;
}

/* The oldest chunk in memory goes to the file; its memory is used again. */
static int spill_one(struct rows *r, struct row **free_chunk, struct err *e)
{
	struct row *chunk = r->chunks[r->n_spilled];
	const char *p = (const char *)chunk;
	size_t left = CHUNK_BYTES;

	if (r->spill < 0 && open_spill(r, e) < 0)
		return -1;
	while (left > 0) {
		ssize_t n = pwrite(r->spill, p, left, (off_t)r->n_spilled *
		                   CHUNK_BYTES + (CHUNK_BYTES - (off_t)left));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot write a temporary file in "
			               "'%s'", r->spill_dir);
		p += n;
		left -= (size_t)n;
	}
	r->chunks[r->n_spilled++] = NULL;
	*free_chunk = chunk;
	return 0;
}

static int grow(struct rows *r, struct err *e)
{
	struct row **chunks, *chunk = NULL;

	if (r->n_rows > UINT32_MAX - ROWS_CHUNK)
		return err_set(e, ERR_REFUSED, "too many rows");
	if (!r->sealed && r->n_chunks - r->n_spilled >= ROWS_CHUNKS_IN_MEMORY) {
		if (spill_one(r, &chunk, e) < 0)
			return -1;
	} else {
		chunk = malloc(CHUNK_BYTES);
	}
	if (chunk == NULL)
		return err_nomem(e);
	chunks = realloc(r->chunks, (r->n_chunks + 1) * sizeof(struct row *));
	if (chunks == NULL) {
		free(chunk);
		return err_nomem(e);
	}
	r->chunks = chunks;
	r->chunks[r->n_chunks++] = chunk;
	r->tail = chunk;
	return 0;
}

int rows_add(struct rows *r, const struct row *row, struct err *e)
{
	if (r->n_rows % ROWS_CHUNK == 0 && grow(r, e) < 0)
		return -1;
	r->tail[r->n_rows++ % ROWS_CHUNK] = *row;
	return 0;
}

static struct row *row_at(const struct rows *r, uint32_t i)
{
	struct row *chunk = r->chunks[i / ROWS_CHUNK];

	if (chunk == NULL)
		return &r->mapped[i];
	return &chunk[i % ROWS_CHUNK];
}

const struct row *rows_get(const struct rows *r, uint32_t i)
{
	return row_at(r, i);
}

/* Every so many runs, take the spilled rows out of our memory; the kernel has
 * them still.  Runs lie about in the order of the file, so few come back. */
static void rest(const struct rows *r, size_t run)
{
	if (run % REST == 0 && r->mapped != NULL)
		(void)madvise(r->mapped, (size_t)r->n_spilled * CHUNK_BYTES,
		              MADV_DONTNEED);
}

int rows_append_run(struct rows *r, const struct rows_run *run, struct err *e)
{
	if (r->n_runs == r->cap_runs) {
		size_t cap = r->cap_runs == 0 ? 256 : r->cap_runs * 3 / 2;
		struct rows_run *p = realloc(r->runs, cap * sizeof(*p));

		if (p == NULL)
			return err_nomem(e);
		r->runs = p;
		r->cap_runs = cap;
	}
	rest(r, r->n_runs);
	r->marked = 0;
	r->runs[r->n_runs++] = *run;
	return 0;
}

int rows_map(struct rows *r, struct err *e)
{
	size_t len = (size_t)r->n_spilled * CHUNK_BYTES;
	void *p;

	r->sealed = 1;
	if (r->n_spilled == 0 || r->mapped != NULL)
		return 0;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->spill, 0);
	if (p == MAP_FAILED)
		return err_sys(e, "cannot map a temporary file");
	r->mapped = p;
	return 0;
}

void rows_close(struct rows *r)
{
	if (r->mapped != NULL)
		(void)munmap(r->mapped, (size_t)r->n_spilled * CHUNK_BYTES);
	for (uint32_t i = 0; i < r->n_chunks; i++)
		free(r->chunks[i]);
	free(r->chunks);
	free(r->runs);
	if (r->spill >= 0)
		(void)close(r->spill);
	*r = (struct rows)ROWS_INIT;
}

/* ---- newest rows ---- */

/* Keys seen on the way from the newest row to the oldest. */
struct seen {
	uint64_t key;                   /* 0: empty slot */
	uint32_t version;               /* of the next newer row */
	_Bool check;                    /* does that version mean anything */
};

struct table {
	struct seen *slots;
	uint32_t mask;
	uint32_t parts;                 /* a key is in pass key % parts */
};

/* One pass suffices for most; with more rows than a table of bounded size can
 * take, keys are dealt out to several passes. */
static int table_open(struct table *t, uint32_t n_rows, struct err *e)
{
	unsigned log2 = TABLE_LOG2_MIN;
	uint64_t fill;

	while (log2 < TABLE_LOG2_MAX && (UINT64_C(1) << log2) * 5 / 8 < n_rows)
		log2++;
	fill = (UINT64_C(1) << log2) * 5 / 8;
	t->parts = (uint32_t)((n_rows + fill - 1) / fill);
	t->mask = (uint32_t)(UINT64_C(1) << log2) - 1;
	t->slots = malloc(((size_t)t->mask + 1) * sizeof(*t->slots));
	return t->slots == NULL ? err_nomem(e) : 0;
}

/* The slot of `key`, or NULL when the table is full: then the keys are not
 * spread as they must be, and the answer would be wrong. */
static struct seen *table_slot(const struct table *t, uint64_t key)
{
	uint32_t i = (uint32_t)(key >> 32) & t->mask;

	for (uint32_t n = 0; n <= t->mask; n++, i = (i + 1) & t->mask)
		if (t->slots[i].key == key || t->slots[i].key == 0)
			return &t->slots[i];
	return NULL;
}

static void check_version(const struct row *row, const struct seen *newer,
                          struct findings *f)
{
	uint32_t want = row->tombstone ? 1 : (row->version + 1u) & 0xffffff;

	if (newer->check && !row->blank && newer->version != want)
		findings_add(f, "bucket 'key': revision %" PRIu64 ".%" PRIu32
		             " is followed by version %" PRIu32
		             " of the same key, where %" PRIu32 " was due",
		             row->main, row->sub, newer->version, want);
}

/* Mark the newest row of each key at or below `revision`, unless it is a
 * tombstone.  With `f` also check that versions count. */
static int mark_part(struct rows *r, const struct table *t, uint32_t part,
                     uint64_t revision, uint64_t *marked, struct findings *f,
                     struct err *e)
{
	(void)memset(t->slots, 0, ((size_t)t->mask + 1) * sizeof(*t->slots));
	for (size_t n = r->n_runs; n-- > 0; ) {
		const struct rows_run *run = &r->runs[n];

		rest(r, n);
		for (uint32_t i = run->count; i-- > 0; ) {
			struct row *row = row_at(r, run->first + i);
			struct seen *s;

			if (row->main > revision || row->key % t->parts != part)
				continue;
			s = table_slot(t, row->key);
			if (s == NULL)
				return err_set(e, ERR_SYS,
				               "key fingerprints are not "
				               "evenly spread");
			row->newest = s->key == 0 && !row->tombstone;
			*marked += row->newest;
			if (s->key != 0 && f != NULL)
				check_version(row, s, f);
			s->key = row->key;
			s->version = row->version;
			s->check = !row->tombstone && !row->blank;
		}
	}
	return 0;
}

/* Have `newest` say which rows are kept at `revision`. */
static int mark_newest(struct rows *r, uint64_t revision, struct findings *f,
                       struct err *e)
{
	struct table t;
	int rc;

	if (r->marked && r->marked_at == revision)
		return 0;
	r->marked = 0;
	r->n_newest = 0;
	rc = table_open(&t, r->n_rows, e);
	for (uint32_t part = 0; rc == 0 && part < t.parts; part++)
		rc = mark_part(r, &t, part, revision, &r->n_newest, f, e);
	free(t.slots);
	r->marked = rc == 0;
	r->marked_at = revision;
	return rc;
}

static void check_rise(const struct row *row, const struct row *last,
                       struct findings *f)
{
	if (row->main < last->main ||
	    (row->main == last->main && row->sub <= last->sub))
		findings_add(f, "bucket 'key': revision %" PRIu64 ".%" PRIu32
		             " does not come after %" PRIu64 ".%" PRIu32,
		             row->main, row->sub, last->main, last->sub);
}

int rows_finish(struct rows *r, struct rows_summary *sum, struct findings *f,
                struct err *e)
{
	struct rows_summary got = { 0 };
	const struct row *last = NULL;

	if (rows_map(r, e) < 0)
		return -1;
	for (size_t n = 0; n < r->n_runs; n++) {
		rest(r, n);
		for (uint32_t i = 0; i < r->runs[n].count; i++) {
			const struct row *row = row_at(r, r->runs[n].first + i);

			if (last != NULL)
				check_rise(row, last, f);
			got.rows++;
			got.tombstones += row->tombstone;
			got.revision = row->main;
			last = row;
		}
	}
	if (mark_newest(r, got.revision, f, e) < 0)
		return -1;
	got.live_keys = r->n_newest;
	*sum = got;
	return 0;
}

/* ---- the hash ---- */

struct cut {                            /* the arguments of HashKV */
	uint64_t revision;
	uint64_t compact;               /* 0: never compacted */
	_Bool drop_old;                 /* rows that newer ones supersede */
};

static _Bool counts(const struct row *row, const struct cut *c)
{
	if (row->main > c->revision)
		return 0;
	if (row->main <= c->compact && c->drop_old && !row->newest)
		return 0;
	/* Servers since 3.4.34 and 3.5.16 keep a tombstone that lies at the
	 * compaction, older ones do not: it never counts. */
	return !(row->main == c->compact && row->tombstone);
}

static uint32_t hash_run(const struct rows *r, const struct rows_run *run,
                         const struct cut *c, uint32_t crc)
{
	for (uint32_t i = 0; i < run->count; i++) {
		const struct row *row = row_at(r, run->first + i);

		if (counts(row, c))
			crc = crc32c_combine(crc, row->crc, row->len);
	}
	return crc;
}

static uint64_t last_revision(const struct rows *r)
{
	const struct rows_run *run = &r->runs[r->n_runs - 1];

	return row_at(r, run->first + run->count - 1)->main;
}

int rows_hash(struct rows *r, uint64_t revision, int64_t compact_revision,
              uint32_t *out_hash, struct err *e)
{
	struct cut c = { .revision = revision };
	uint32_t crc = crc32c_update(0, "key", 3);
	uint64_t last = r->n_runs == 0 ? 0 : last_revision(r);

	/* Beyond the last row nothing is newer. */
	if (mark_newest(r, revision > last ? last : revision, NULL, e) < 0)
		return -1;
	if (compact_revision > 0)
		c.compact = (uint64_t)compact_revision;
	c.drop_old = r->n_newest > 0;
	for (size_t n = 0; n < r->n_runs; n++) {
		rest(r, n);
		crc = hash_run(r, &r->runs[n], &c, crc);
	}
	*out_hash = crc;
	return 0;
}
