/* clock.h - the time, and times as text (RFC 3339). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/err.h"

#define CLOCK_NS INT64_C(1000000000)    /* in a second */
enum { CLOCK_TEXT = 32 };               /* room for a time as text */

/* Nanoseconds since 1970; may jump when somebody sets the clock. */
int64_t clock_wall_ns(void);
/* Milliseconds since some moment; never jumps. */
int64_t clock_monotonic_ms(void);

/* "2026-11-23T05:06:07Z" */
void clock_format_utc(int64_t wall_ns, char out[CLOCK_TEXT]);
/* "20261123T050607Z": holds no colon, sorts by time */
void clock_format_compact(int64_t wall_ns, char out[CLOCK_TEXT]);
/* RFC 3339 with any offset and fraction, or the compact form; from 1970 to
 * April 2262, as far as nanoseconds go.  ERR_USAGE names the text. */
int clock_parse(const char *text, int64_t *out_wall_ns,
                struct err *e) MUST_USE;

#endif
