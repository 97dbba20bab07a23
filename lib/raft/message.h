/* message.h - write protobuf fields as raft's messages need them: scalars also
 * when they are zero, which generated code leaves out. */
#ifndef RAFT_MESSAGE_H
#define RAFT_MESSAGE_H

#include <stdint.h>

#include "base/buf.h"

void message_u64(struct buf *b, unsigned field, uint64_t value);
void message_bytes(struct buf *b, unsigned field, const void *data, size_t len);
/* raftpb.ConfState with these voters and no learner. */
void message_conf_state(struct buf *b, const uint64_t *voters, size_t n);

/* Read the next field at *at; false at the end or when it is malformed (the
 * end is *at == end).  Unknown fields are for the caller to skip. */
struct message_field {
	uint32_t number, type;          /* type: 0 number, 2 bytes */
	uint64_t value;
	const unsigned char *data;
	size_t len;
};
_Bool message_next(struct message_field *f, const unsigned char **at,
                   const unsigned char *end);

#endif
