/* manifest.h - what Lifeboat knows of a snapshot.
 *
 * Strings are owned by the manifest (set them with manifest_set) and may be
 * NULL where unknown; control characters in them become spaces.  Setting and
 * adding never fail at once: running out of memory or room sticks, and is told
 * by manifest_print(). */
#ifndef SNAPSHOT_MANIFEST_H
#define SNAPSHOT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

enum {
	MANIFEST_SCHEMA = 1,
	MANIFEST_MEMBERS = 64,
	MANIFEST_ENDPOINTS = 64,
	MANIFEST_BUCKETS = 64,
	MANIFEST_PARTS = 8,
	MANIFEST_CHECKS = 64,
	MANIFEST_WARNINGS = 64,
	MANIFEST_TEXT = 2048,           /* bytes of any text */
};

/* verdict, its word */
#define MANIFEST_VERDICTS(X) \
	X(MANIFEST_UNPROVEN, "unproven") \
	X(MANIFEST_VERIFIED, "verified") \
	X(MANIFEST_DIVERGED, "diverged")
/* a member's hash against the snapshot's */
#define MANIFEST_MATCHES(X) \
	X(MANIFEST_NOT_COMPARED, "not_compared") \
	X(MANIFEST_EQUAL, "equal") \
	X(MANIFEST_DIFFERENT, "different")
#define MANIFEST_RESULTS(X) \
	X(MANIFEST_SKIPPED, "skipped") \
	X(MANIFEST_OK, "ok") \
	X(MANIFEST_FAILED, "failed")
#define MANIFEST_TRIGGERS(X) \
	X(MANIFEST_MANUAL, "manual") \
	X(MANIFEST_SCHEDULED, "scheduled")

#define X(name, word) name,
enum manifest_verdict { MANIFEST_VERDICTS(X) };
enum manifest_match { MANIFEST_MATCHES(X) };
enum manifest_result { MANIFEST_RESULTS(X) };
enum manifest_trigger { MANIFEST_TRIGGERS(X) };
#undef X

struct manifest_member {
	uint64_t id;
	char *name, *endpoint, *reason; /* reason: why not equal */
	enum manifest_match result;
	uint32_t hash;                  /* of HashKV; counts unless skipped */
	int64_t compact_revision;
};

struct manifest_part {
	char *name;
	uint64_t size;
	unsigned char sha256[DIGEST_LEN];
};

struct manifest_bucket {
	char *name;
	uint64_t keys;
};

struct manifest_check {
	char *name, *note;
	enum manifest_result result;
};

struct manifest {
	char *name;                     /* the snapshot's */
	char *lifeboat;                 /* our version */
	char *host, *node;              /* where it was taken */
	char *started, *finished;       /* RFC 3339 */
	uint64_t duration_ms;
	enum manifest_trigger trigger;

	uint64_t cluster_id, member_id;
	char *member_name;
	char *server_version, *cluster_version, *storage_version;
	char *endpoints[MANIFEST_ENDPOINTS];
	size_t endpoint_count;

	uint64_t revision;
	int64_t compact_revision;       /* -1: never compacted */
	uint64_t raft_index, raft_term;
	uint64_t total_keys, live_keys;
	uint64_t image_size;            /* without the digest after it */
	uint32_t status_hash;
	struct manifest_bucket buckets[MANIFEST_BUCKETS];
	size_t bucket_count;

	/* HashKV of the snapshot itself. */
	uint64_t hash_revision;
	int64_t hash_compact_revision;
	uint32_t hash;
	struct manifest_member members[MANIFEST_MEMBERS];
	size_t member_count;

	struct manifest_part parts[MANIFEST_PARTS];
	size_t part_count;
	enum manifest_verdict verdict;
	struct manifest_check checks[MANIFEST_CHECKS];
	size_t check_count;
	char *warnings[MANIFEST_WARNINGS];
	size_t warning_count;
	_Bool failed;                   /* see above */
};
#define MANIFEST_INIT { .compact_revision = -1, .hash_compact_revision = -1 }

/* Free what it owns; it may be used again.  MANIFEST_INIT is fine. */
void manifest_clear(struct manifest *m);

/* Copy `text` (NULL: unknown) into a field of `m`. */
void manifest_set(struct manifest *m, char **field, const char *text);
void manifest_add_endpoint(struct manifest *m, const char *url);
void manifest_add_bucket(struct manifest *m, const char *name, uint64_t keys);
void manifest_add_part(struct manifest *m, const char *name, uint64_t size,
                       const unsigned char sha256[DIGEST_LEN]);
/* The texts of `in` are copied. */
void manifest_add_member(struct manifest *m, const struct manifest_member *in);
void manifest_add_check(struct manifest *m, const char *name,
                        enum manifest_result result, const char *note);
__attribute__((format(printf, 2, 3)))
void manifest_warn(struct manifest *m, const char *fmt, ...);

/* The part of that name, or NULL. */
const struct manifest_part *manifest_find_part(const struct manifest *m,
                                               const char *name);
const char *manifest_verdict_word(enum manifest_verdict v);
const char *manifest_result_word(enum manifest_result r);

#endif
