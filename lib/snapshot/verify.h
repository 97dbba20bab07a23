/* verify.h - check a stored snapshot completely, from its bytes.
 *
 * Whatever a user holds (archive_in.h) is read once: the database's own digest,
 * every page, bucket and record (mvcc/image.h), and, where there is a manifest,
 * everything that it says against what the bytes say.  Each check gets a
 * verdict; finding damage is a result, not a failure of the call. */
#ifndef SNAPSHOT_VERIFY_H
#define SNAPSHOT_VERIFY_H

#include <signal.h>
#include <stdint.h>

#include "mvcc/image.h"
#include "snapshot/archive_in.h"
#include "snapshot/manifest.h"

/* name in --json and tables, what it looks at */
#define VERIFY_CHECKS(X) \
	X(VERIFY_FILE, "file", "the file's form, its parts and its end") \
	X(VERIFY_DIGEST, "sha256", "the database against the digest in it") \
	X(VERIFY_PAGES, "database", "pages, buckets, revisions, records") \
	X(VERIFY_PARTS, "parts", "the parts against the manifest's digests") \
	X(VERIFY_MANIFEST, "manifest", "the manifest against the database") \
	X(VERIFY_HASH_KV, "hash_kv", "the hash that the members agreed on")

enum verify_check {
#define X(check, name, text) check,
	VERIFY_CHECKS(X)
#undef X
#define X(check, name, text) + 1
	VERIFY_N = 0 VERIFY_CHECKS(X)
#undef X
};

struct verify_result {
	enum manifest_result result;
	char note[480];                 /* why it failed, or was skipped */
};

struct verify_report {
	enum archive_in_form form;
	struct verify_result checks[VERIFY_N];
	struct manifest manifest;
	_Bool has_manifest, has_database;
	struct image_summary sum;       /* of the database */
	uint64_t image_bytes;
	uint32_t hash_kv;               /* at sum.revision */
	struct findings findings;       /* damage of the database, in words */
	_Bool ok;                       /* nothing failed, and there was a
	                                 * database */
};
#define VERIFY_REPORT_INIT { \
	.manifest = MANIFEST_INIT, .findings = FINDINGS_INIT }

struct verify_options {
	const char *spill_dir;          /* as for rows_open() */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
	const volatile sig_atomic_t *stop;
};

/* Verify the open regular file `fd`.  Fails only when it cannot be read, when
 * it is nothing that holds a snapshot, or when stopped.  End `out` with
 * verify_clear() in any case. */
int verify_file(int fd, const struct verify_options *o,
                struct verify_report *out, struct err *e) MUST_USE;
void verify_clear(struct verify_report *r);
/* The check's name, and what it looks at. */
const char *verify_name(enum verify_check c);
const char *verify_text(enum verify_check c);

#endif
