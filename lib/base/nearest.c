#include "base/nearest.h"

#include <string.h>

enum { LONGEST = 64 };                  /* longer words have no neighbours */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits that turn `a` into `b`: insert, delete, replace, swap neighbours.  Only
 * the last three rows of the table are kept. */
static unsigned distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned rows[3][LONGEST + 1], *before, *above, *row;
	size_t i, j;

	for (j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		row = rows[i % 3];
		above = rows[(i + 2) % 3];
		before = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			_Bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = min(above[j] + 1, row[j - 1] + 1);
			row[j] = min(row[j], above[j - 1] + !same);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = min(row[j], before[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *nearest_word(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t len = strnlen(word, LONGEST + 1), other, i;
	unsigned limit = (unsigned)(len + 1) / 3, d;

	if (len > LONGEST)
		return NULL;
	for (i = 0; i < n; i++) {
		other = strnlen(words[i], LONGEST + 1);
		if (other > LONGEST || other == 0)
			continue;
		d = distance(word, len, words[i], other);
		if (d > limit || (best != NULL && d == limit))
			continue;
		best = words[i];
		limit = d;
	}
	return best;
}
