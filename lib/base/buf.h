/* buf.h - a byte string that grows, up to a maximum it is born with.
 *
 * Errors stick: after a failed append the buffer stays as it was, further
 * appends do nothing, and buf_check() tells.  `data` is NUL-terminated after
 * the first append (the NUL is not counted in `len`), NULL before. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
	char *data;
	size_t len, cap, max;
	_Bool failed;           /* over `max`, or out of memory */
};
#define BUF_INIT(maximum) { .max = (maximum) }

/* The maxima of what we take from outside, in one place (bytes). */
enum {
	BUF_MAX_LINE = 4096,            /* a message, a name, a header line */
	BUF_MAX_TEXT = 1 << 20,         /* what we print or a manifest */
	BUF_MAX_RPC = 16 << 20,         /* one unary gRPC answer */
	BUF_MAX_CONFIG = 4 << 20,       /* a configuration file */
	BUF_MAX_STATE = 64 << 20,       /* a cluster state file in an archive */
};

void buf_append(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
__attribute__((format(printf, 2, 3)))
void buf_printf(struct buf *b, const char *fmt, ...);
/* Make room for `len` more bytes and return where they go, or NULL; the caller
 * adds what it wrote to b->len. */
void *buf_reserve(struct buf *b, size_t len);
/* 0, or -1 when an append failed since the last clear. */
int buf_check(const struct buf *b, struct err *e) MUST_USE;
/* Empty it, keep the memory. */
void buf_clear(struct buf *b);
/* Free the memory; the buffer may be used again. */
void buf_close(struct buf *b);

#endif
