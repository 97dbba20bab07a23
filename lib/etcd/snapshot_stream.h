/* snapshot_stream.h - the rules of etcd's snapshot stream, and its bytes.
 *
 * Fed with the messages of Maintenance/Snapshot in pieces of any size (as a
 * grpc_frame_sink), it hands on the bytes of the database image as they come,
 * without copying, and keeps the digest that follows them.  It believes
 * nothing: the announced size must hold for every message, no byte may follow
 * the digest, and a server that sends nothing but empty blobs is given up.
 * Whether the digest fits the image is for the caller to say, who hashes the
 * bytes. */
#ifndef ETCD_SNAPSHOT_STREAM_H
#define ETCD_SNAPSHOT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/grpc_frame.h"

enum {
	SNAPSHOT_STREAM_DIGEST = 32,            /* SHA-256 */
	SNAPSHOT_STREAM_MESSAGE_MAX = 8 << 20,  /* etcd sends 32 KiB */
	SNAPSHOT_STREAM_EMPTY_MAX = 100,        /* empty blobs in a row */
	SNAPSHOT_STREAM_VERSION_MAX = 32,
};

struct snapshot_stream_sink {
	/* Once, before the first byte: the size of the image.  May be NULL. */
	int (*size)(void *arg, uint64_t image_bytes, struct err *e);
	/* The next bytes of the image, in order. */
	int (*data)(void *arg, const void *data, size_t len, struct err *e);
	void *arg;
};

struct snapshot_stream {
	const struct snapshot_stream_sink *sink;
	uint64_t size;                  /* of the image; see `sized` */
	uint64_t taken;                 /* image bytes handed on */
	unsigned char digest[SNAPSHOT_STREAM_DIGEST];
	size_t digest_len;              /* bytes of it that have come */
	char version[SNAPSHOT_STREAM_VERSION_MAX];      /* storage, "" <= 3.5 */
	unsigned empty;                 /* blobs in a row */
	_Bool sized;
	_Bool sink_failed, refused;     /* who is to blame for a failure */

	/* The message being read. */
	int state;
	unsigned field, shift;
	uint64_t varint, left;
	uint64_t remaining, blob_len;
	size_t version_len;
	_Bool has_blob;
};

void snapshot_stream_init(struct snapshot_stream *s,
                          const struct snapshot_stream_sink *sink);
/* The three calls of a grpc_frame_sink; `arg` is the struct snapshot_stream. */
int snapshot_stream_begin(void *arg, size_t len, struct err *e) MUST_USE;
int snapshot_stream_bytes(void *arg, const void *data, size_t len,
                          struct err *e) MUST_USE;
int snapshot_stream_end(void *arg, struct err *e) MUST_USE;
/* The server has said that it is done: is everything here? */
int snapshot_stream_finish(const struct snapshot_stream *s,
                           struct err *e) MUST_USE;

#endif
