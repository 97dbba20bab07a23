/* shown.h - a text that others chose, as a terminal may see it.
 *
 * File names may hold line ends and the sequences that make a terminal act; in
 * a table each such byte, and each that is not UTF-8, is written as \xNN.  A
 * backslash stays one: the text is for reading, not for reading back. */
#ifndef BASE_SHOWN_H
#define BASE_SHOWN_H

#include <stddef.h>

enum { SHOWN_MAX = 1040 };              /* any file name fits, escaped */

/* Write `text` to `out`, cut where it would not fit; returns `out`. */
const char *shown_name(const char *text, char out[SHOWN_MAX]);
/* The columns that the shown text takes, as far as can be told cheaply: one
 * for each character. */
size_t shown_width(const char *shown);

#endif
