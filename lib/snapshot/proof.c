#include "snapshot/proof.h"

#include <inttypes.h>
#include <stdio.h>

/* 0 and -1 both mean: never compacted. */
static int64_t compaction(int64_t revision)
{
	return revision > 0 ? revision : -1;
}

static void not_compared(struct proof_member *m, const char *why,
                         int64_t theirs, int64_t ours)
{
	m->result = PROOF_NOT_COMPARED;
	(void)snprintf(m->why, sizeof(m->why), "%s (it compacted at %" PRId64
	               ", the snapshot at %" PRId64 ")", why, theirs, ours);
}

static int compare_one(struct image *im, uint64_t revision,
                       struct proof_member *m, struct err *e)
{
	int64_t ours = compaction(image_effective_compaction(&im->sum));
	int64_t theirs = compaction(m->compact_revision);
	uint32_t hash;

	if (!m->answered)
		return 0;
	if (theirs < ours) {
		/* Rows that its hash counts are no longer in the snapshot. */
		not_compared(m, "it answered for an earlier compaction", theirs,
		             ours);
		return 0;
	}
	if (theirs > ours && im->sum.rows.live_keys == 0) {
		not_compared(m, "without a live key hashes depend on when they "
		             "were compacted", theirs, ours);
		return 0;
	}
	if (image_hash_kv(im, revision, theirs, &hash, e) < 0)
		return -1;
	if (hash == m->hash) {
		m->result = PROOF_EQUAL;
		m->why[0] = '\0';
	} else if (m->inexact) {
		not_compared(m, "it cannot be asked at just this revision",
		             theirs, ours);
	} else {
		m->result = PROOF_DIFFERENT;
		(void)snprintf(m->why, sizeof(m->why), "hash %" PRIu32
		               " where the snapshot has %" PRIu32
		               " at revision %" PRIu64, m->hash, hash,
		               revision);
	}
	return 0;
}

int proof_compare(struct image *im, uint64_t revision,
                  struct proof_member *members, size_t n,
                  enum proof_verdict *out_verdict, struct err *e)
{
	size_t equal = 0, different = 0;

	for (size_t i = 0; i < n; i++) {
		members[i].result = PROOF_NOT_COMPARED;
		if (compare_one(im, revision, &members[i], e) < 0)
			return -1;
		equal += members[i].result == PROOF_EQUAL;
		different += members[i].result == PROOF_DIFFERENT;
	}
	*out_verdict = different > 0 ? PROOF_DIVERGED
	               : equal == n && n > 0 ? PROOF_VERIFIED : PROOF_UNPROVEN;
	return 0;
}
