/* jsonout.h - write JSON into a buf, piece by piece.
 *
 *	struct jsonout o = JSONOUT_INIT(&buf, indent);
 *	jsonout_object(&o, NULL);
 *	jsonout_str(&o, "name", name);
 *	jsonout_list(&o, "sizes");
 *	jsonout_u64(&o, NULL, 12);
 *	jsonout_end(&o);
 *	jsonout_end(&o);
 *
 * `key` is the name inside an object, NULL inside a list and at the top.
 * Failures stick to the buf: buf_check() tells at the end.  Strings that are
 * not UTF-8 come out with U+FFFD in place of each bad byte. */
#ifndef BASE_JSONOUT_H
#define BASE_JSONOUT_H

#include <stdint.h>

#include "base/buf.h"

enum { JSONOUT_DEPTH = 16 };

struct jsonout {
	struct buf *b;
	_Bool indent;
	int depth;
	_Bool list[JSONOUT_DEPTH], more[JSONOUT_DEPTH];
};
#define JSONOUT_INIT(buffer, pretty) { .b = (buffer), .indent = (pretty) }

/* Open an object or a list; jsonout_end() closes what was opened last. */
void jsonout_object(struct jsonout *o, const char *key);
void jsonout_list(struct jsonout *o, const char *key);
void jsonout_end(struct jsonout *o);

/* A string; NULL is written as null. */
void jsonout_str(struct jsonout *o, const char *key, const char *value);
__attribute__((format(printf, 3, 4)))
void jsonout_fmt(struct jsonout *o, const char *key, const char *fmt, ...);
/* A number; beyond 2^53, where readers lose digits, a decimal string. */
void jsonout_u64(struct jsonout *o, const char *key, uint64_t value);
void jsonout_i64(struct jsonout *o, const char *key, int64_t value);
/* An etcd id: a string of hex digits without leading zeros. */
void jsonout_hex(struct jsonout *o, const char *key, uint64_t value);
void jsonout_bool(struct jsonout *o, const char *key, _Bool value);

#endif
