/* sink.h - a snapshot file that is being written, in whatever form.
 *
 * A maker (archive_out_new, rkezip_out_new) binds a sink to an open stage.
 * Then, for each part: sink_begin, sink_write as often as data comes,
 * sink_end; at last sink_finish.  After the caller's stage_sync(),
 * sink_readback() reads the staged file again and compares.  After a failure
 * only sink_free() is allowed; it may be called at any point.  The stage stays
 * the caller's, and must outlive the sink. */
#ifndef SNAPSHOT_SINK_H
#define SNAPSHOT_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/stage.h"
#include "snapshot/part.h"

struct sink;

/* What a form does.  The order of calls and the sizes are checked before. */
struct sink_ops {
	_Bool (*takes)(enum part_role role);
	int (*begin)(struct sink *s, const struct part *p, struct err *e);
	int (*write)(struct sink *s, const void *data, size_t len,
	             struct err *e);
	int (*end)(struct sink *s, const struct part *p, struct err *e);
	int (*finish)(struct sink *s, const char *manifest, size_t len,
	              struct err *e);
	void (*free)(struct sink *s);
};

/* The head of every form's own struct; readers may look at the counts. */
struct sink {
	const struct sink_ops *ops;
	struct stage *stage;
	/* CRC32C of the bytes written, for the readback: it need not withstand
	 * an attacker, and costs a tenth of a SHA-256. */
	uint32_t crc;
	uint64_t raw;                   /* bytes of parts taken */
	uint64_t packed;                /* bytes written to the file */
	struct part part;               /* the open one */
	uint64_t left;                  /* bytes that it lacks */
	_Bool open, finished;
};

/* Does this form hold parts of that role?  (RKE's zip: database and state.) */
_Bool sink_takes(const struct sink *s, enum part_role role);
/* Start a part: role, size, mode and mtime count; the form names it. */
int sink_begin(struct sink *s, const struct part *p, struct err *e) MUST_USE;
/* Pieces of any size; more than the part's size is an error. */
int sink_write(struct sink *s, const void *data, size_t len,
               struct err *e) MUST_USE;
/* End the part, which must have its size. */
int sink_end(struct sink *s, struct err *e) MUST_USE;
/* begin, write, end in one call. */
int sink_whole(struct sink *s, enum part_role role, int64_t mtime,
               const void *data, size_t len, struct err *e) MUST_USE;
/* Complete the file.  `manifest` is left out by a form that has none. */
int sink_finish(struct sink *s, const char *manifest, size_t len,
                struct err *e) MUST_USE;
/* Read the staged file from its start and compare it with what was written.
 * ERR_CORRUPT when it differs. */
int sink_readback(struct sink *s, struct err *e) MUST_USE;
void sink_free(struct sink *s);

/* For the forms: set up the head, and write to the file. */
void sink_init(struct sink *s, const struct sink_ops *ops, struct stage *st);
int sink_put(void *sink, const void *data, size_t len, struct err *e) MUST_USE;

#endif
