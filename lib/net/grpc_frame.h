/* grpc_frame.h - cut a gRPC body into messages, without copying them.
 *
 * The body is a byte stream of frames: a flag byte, four bytes of length (big
 * endian), that many bytes of message.  It may be fed in pieces of any size;
 * the sink gets each message as begin(), bytes() as often as pieces come, and
 * end().  A compressed message and one longer than `max` are refused. */
#ifndef NET_GRPC_FRAME_H
#define NET_GRPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct grpc_frame_sink {
	int (*begin)(void *arg, size_t len, struct err *e);
	int (*bytes)(void *arg, const void *data, size_t len, struct err *e);
	int (*end)(void *arg, struct err *e);
	void *arg;
};

enum { GRPC_FRAME_HEAD = 5 };

struct grpc_frame {
	const struct grpc_frame_sink *sink;
	size_t max;             /* bytes in a message */
	size_t have;            /* bytes of the head that have come */
	size_t left;            /* bytes of the message still to come */
	uint64_t messages;      /* complete ones */
	_Bool too_long;         /* refused for its length */
	_Bool sink_failed;      /* the sink, not the stream, is to blame */
	unsigned char head[GRPC_FRAME_HEAD];
};

void grpc_frame_init(struct grpc_frame *f, const struct grpc_frame_sink *sink,
                     size_t max);
/* The next bytes of the body.  After a failure feed no more. */
int grpc_frame_feed(struct grpc_frame *f, const void *data, size_t len,
                    struct err *e) MUST_USE;
/* The body has ended: fails in the middle of a frame. */
int grpc_frame_finish(const struct grpc_frame *f, struct err *e) MUST_USE;
/* Write the head of a message of `len` bytes. */
void grpc_frame_head(unsigned char head[GRPC_FRAME_HEAD], uint32_t len);

#endif
