/* units.h - durations and sizes as people write and read them.
 *
 * What the formatters print, the parsers read.  Numbers may have a fraction of
 * up to six digits, rounded up to the next millisecond or byte, so that what
 * is not nothing never becomes nothing.  Errors are ERR_USAGE and quote the
 * text. */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdint.h>

#include "base/err.h"

enum { UNITS_TEXT = 24 };               /* room for either as text */

/* "90s", "1h30m", "7d": numbers with the units w d h m s ms, the larger before
 * the smaller, each once.  "0" needs no unit. */
int units_parse_ms(const char *text, int64_t *out_ms, struct err *e) MUST_USE;
/* "64MiB", "1.5 GiB", "10KB", "123": KiB MiB GiB TiB are powers of 1024, KB MB
 * GB TB of 1000, in either case; bytes without a unit. */
int units_parse_bytes(const char *text, uint64_t *out_bytes,
                      struct err *e) MUST_USE;

/* "250 ms", "12.3 s", "5m 3s", "3d 4h" */
void units_format_ms(int64_t ms, char out[UNITS_TEXT]);
/* "512 B", "1.2 GiB" */
void units_format_bytes(uint64_t bytes, char out[UNITS_TEXT]);

#endif
