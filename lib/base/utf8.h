/* utf8.h - which bytes are a character. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins the `len` bytes at `s`, with its number in
 * `*out`; 0 when they begin with none.  Overlong forms, surrogates and numbers
 * beyond U+10FFFF are none. */
size_t utf8_decode(const void *s, size_t len, uint32_t *out);
/* Does a terminal act on this character instead of showing it?  (C0 and C1,
 * blanks and line ends other than the space included.) */
_Bool utf8_is_control(uint32_t c);

#endif
