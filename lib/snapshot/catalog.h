/* catalog.h - what lies in a place of snapshots, told without reading it all.
 *
 * Of an archive only its end is read, of a zip its directory, of anything else
 * its first bytes: instant for thousands of large files.  Nothing in the place
 * can make it fail but the place itself: what cannot be read or understood is
 * an entry that says so. */
#ifndef SNAPSHOT_CATALOG_H
#define SNAPSHOT_CATALOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "snapshot/manifest.h"
#include "store/store.h"

/* kind, word, is it a snapshot that may be restored from? */
#define CATALOG_KINDS(X) \
	X(CATALOG_ARCHIVE, "archive", 1)        /* Lifeboat's */ \
	X(CATALOG_RKE_ZIP, "rke", 1) \
	X(CATALOG_DATABASE, "database", 1)      /* with its digest */ \
	X(CATALOG_BARE, "bare-database", 1)     /* without */ \
	X(CATALOG_NO_INDEX, "no-index", 1)      /* cut off, or repacked */ \
	X(CATALOG_DAMAGED, "damaged", 0) \
	X(CATALOG_UNREADABLE, "unreadable", 0)  /* no permission, I/O error */ \
	X(CATALOG_LEFTOVER, "leftover", 0)      /* of a run that was killed */ \
	X(CATALOG_HELPER, "helper", 0)          /* our locks and pins */ \
	X(CATALOG_FOREIGN, "foreign", 0)

enum catalog_kind {
#define X(kind, word, usable) kind,
	CATALOG_KINDS(X)
#undef X
};

/* Where the time of a snapshot is known from. */
enum catalog_source { CATALOG_BY_MANIFEST, CATALOG_BY_NAME, CATALOG_BY_MTIME };

enum { CATALOG_NOTE_MAX = 240 };

struct catalog_entry {
	char name[STORE_NAME_MAX + 1];  /* of the file */
	enum catalog_kind kind;
	uint64_t size;
	int64_t mtime;
	int64_t taken;                  /* seconds since 1970 */
	enum catalog_source taken_by;
	char node[64];                  /* "" when unknown */
	uint64_t cluster_id;            /* 0 when unknown */
	uint64_t revision;              /* 0 when unknown */
	uint64_t image_bytes;           /* of the database; 0 when unknown */
	enum manifest_verdict verdict;  /* unproven without a manifest */
	_Bool pinned;
	char note[CATALOG_NOTE_MAX];    /* why damaged, unreadable, foreign */
};

struct catalog {
	struct catalog_entry *entries;  /* oldest first, then by name */
	size_t count;
};
#define CATALOG_INIT { .entries = NULL }

/* List `s`.  On success end with catalog_clear(). */
int catalog_read(struct catalog *out, struct store *s,
                 struct err *e) MUST_USE;
void catalog_clear(struct catalog *c);
/* May somebody restore from it? */
_Bool catalog_is_snapshot(const struct catalog_entry *en);
/* The word for a kind in --json and tables. */
const char *catalog_word(enum catalog_kind kind);
/* The snapshot of that file name, or of that name without its suffix; NULL when
 * there is none. */
const struct catalog_entry *catalog_find(const struct catalog *c,
                                         const char *name);
/* The newest verified snapshot, or NULL. */
const struct catalog_entry *catalog_newest_verified(const struct catalog *c);

#endif
