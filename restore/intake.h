/* intake.h - take the database out of whatever file the user has, and judge it
 * on the way.
 *
 * Either its bytes are copied to a file (intake_copy), or, when the input is a
 * plain database, it is judged where it lies, in a thread (intake_inspect), so
 * that the caller may read it at the same time.  Nothing may be
 * published before intake_judge() has said yes: the digest fits, the whole
 * database is sound, the input did not change meanwhile. */
#ifndef RESTORE_INTAKE_H
#define RESTORE_INTAKE_H

#include <sys/stat.h>

#include "base/beside.h"
#include "base/outfile.h"
#include "mvcc/image.h"
#include "snapshot/archive_in.h"

struct intake {
	const char *path;               /* borrowed */
	int fd;
	struct stat st;                 /* as it was opened */
	struct archive_in *archive;
	enum archive_in_form form;
	uint64_t image_size;            /* bytes, without the digest */
	_Bool has_digest;
	unsigned char digest[DIGEST_LEN];       /* the one that came along */
	char spill_dir[32];
	const void *piece;              /* of a packed database, not yet used */
	size_t piece_len;
	struct beside beside;           /* the digest as computed */
	struct image image;
	pthread_t thread;               /* of intake_inspect() */
	_Bool inspecting;
	int rc;                         /* that thread's */
	struct err err;
};
#define INTAKE_INIT { .fd = -1, .beside = BESIDE_INIT, .image = IMAGE_INIT }

/* Open `path`.  A database without a digest is refused unless `no_digest`.
 * `scratch` is a folder where the check may put a nameless file.  End with
 * intake_close(). */
int intake_open(struct intake *in, const char *path, _Bool no_digest,
                int scratch, struct err *e) MUST_USE;
/* Is the input a plain database, in no archive? */
_Bool intake_is_plain(const struct intake *in);
/* Copy the database to the empty file `out`, and check it meanwhile. */
int intake_copy(struct intake *in, struct outfile *out,
                struct err *e) MUST_USE;
/* Begin to check a plain input where it lies; intake_judge() waits for it. */
int intake_inspect(struct intake *in, struct err *e) MUST_USE;
/* Wait for the check; ERR_CORRUPT with what is damaged.  From here on
 * in->image holds what the database is. */
int intake_judge(struct intake *in, struct err *e) MUST_USE;
void intake_close(struct intake *in);

#endif
