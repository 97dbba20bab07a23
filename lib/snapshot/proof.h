/* proof.h - does a snapshot hold what the live members hold?
 *
 * Every voting member was asked for HashKV at the snapshot's revision.  Two
 * hashes may be compared only when they were made at the same revision and the
 * same compaction (etcd-formats, "What the RPC does with R and C"); where a
 * member has compacted further since, the snapshot's hash is made anew as if it
 * had been compacted there too. */
#ifndef SNAPSHOT_PROOF_H
#define SNAPSHOT_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "mvcc/image.h"

enum proof_result { PROOF_NOT_COMPARED, PROOF_EQUAL, PROOF_DIFFERENT };
enum proof_verdict { PROOF_UNPROVEN, PROOF_VERIFIED, PROOF_DIVERGED };

struct proof_member {
	/* What the member said; `why` says why it did not. */
	_Bool answered;
	uint32_t hash;
	int64_t compact_revision;       /* -1: never compacted */
	/* The answer is for the member's revision at that moment, which may
	 * have moved on while it counted: a difference proves nothing. */
	_Bool inexact;
	char why[320];
	/* Filled by proof_compare(). */
	enum proof_result result;
};

/* Compare each of `n` members with the finished image at `revision`.  All
 * equal: verified; one different: diverged; else unproven.  No member at all is
 * unproven. */
int proof_compare(struct image *im, uint64_t revision,
                  struct proof_member *members, size_t n,
                  enum proof_verdict *out_verdict, struct err *e) MUST_USE;

#endif
