/* record.h - the values of etcd's buckets: mvccpb.KeyValue, leasepb.Lease.
 *
 * Decoded in place by hand: a snapshot has millions of them, and all that is
 * wanted of a value is where it lies.  Unknown fields are skipped, as protobuf
 * asks (protobuf encoding guide, "Unknown Fields"). */
#ifndef MVCC_RECORD_H
#define MVCC_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record {                         /* mvccpb.KeyValue; points into input */
	const unsigned char *key, *value;
	size_t key_len, value_len;
	int64_t create_revision, mod_revision, version, lease;
};

struct record_lease {                   /* leasepb.Lease */
	int64_t id, ttl, remaining_ttl; /* seconds */
};

/* False when the bytes are not such a message. */
_Bool record_parse(struct record *r, const void *data, size_t len);
_Bool record_parse_lease(struct record_lease *l, const void *data, size_t len);

/* One field of a protobuf message.  record_field() reads the field at *at and
 * moves it on; false at the end or when the bytes are malformed: the end is
 * reached when *at == end. */
struct record_field {
	uint32_t number, type;          /* type: 0 varint, 2 bytes */
	uint64_t varint;                /* also for fixed32 and fixed64 */
	const unsigned char *data;
	size_t len;
};
_Bool record_field(struct record_field *f, const unsigned char **at,
                   const unsigned char *end);

#endif
