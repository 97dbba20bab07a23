/* take.h - take one snapshot of a live etcd: choose, receive, check, write,
 * prove, publish.
 *
 * One pass: the bytes are digested, checked, compressed and written as they
 * arrive; nothing is kept of the database but sums (mvcc/image.h).  The final
 * name appears when the file is whole, synced and read back.  A snapshot whose
 * hash differs from a member's is kept, marked diverged: that is a result, not
 * a failure.  A database that is damaged in itself is not kept. */
#ifndef SNAPSHOT_TAKE_H
#define SNAPSHOT_TAKE_H

#include <signal.h>
#include <stdint.h>

#include "etcd/etcd_client.h"
#include "snapshot/manifest.h"

enum take_format { TAKE_ARCHIVE, TAKE_RKE_ZIP };

/* The newest snapshot of the folder; zeros when there is none. */
struct take_previous {
	uint64_t cluster_id, revision;
	uint64_t file_bytes, image_bytes;       /* how well it compressed */
};

struct take_options {
	struct etcd_client_options etcd;
	const char *dir;                /* must exist */
	const char *name;               /* NULL: made of time, node, revision */
	const char *node;               /* of this host, for the name */
	enum take_format format;
	int level;                      /* of zstd */
	enum manifest_trigger trigger;
	_Bool allow_lower_revision;     /* below the previous one's */
	_Bool new_cluster;              /* another than the previous one's */
	const char *config_file, *state_file;   /* parts to add, or NULL */
	uint64_t reserve_bytes;         /* of the disk, that stay free */
	struct take_previous previous;
	/* Called now and then with bytes received and the size; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

struct take_result {
	struct manifest manifest;
	char file[256];                 /* in the folder */
	uint64_t file_bytes;
};
#define TAKE_RESULT_INIT { .manifest = MANIFEST_INIT }

/* On success the file is there and `out` describes it.  Kinds of failure:
 * ERR_REMOTE (no member answers; the stream broke: worth another try),
 * ERR_CORRUPT (what came is damaged), ERR_REFUSED (no healthy member, lower
 * revision, other cluster, no space, name exists), ERR_SYS, ERR_STOPPED.
 * End `out` with take_clear() in any case. */
int take_snapshot(const struct take_options *o, struct take_result *out,
                  struct err *e) MUST_USE;
void take_clear(struct take_result *r);

#endif
