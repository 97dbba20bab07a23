/* nearest.h - what did they mean? */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

/* The one of `n` words that differs least from `word`, or NULL when all differ
 * in more than a third of it.  Case counts for nothing, swapped neighbours
 * for one; of equals the first wins. */
const char *nearest_word(const char *word, const char *const *words, size_t n);

#endif
