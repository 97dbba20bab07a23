/* manifest_print.h - the manifest as it is written: manifest.json, schema 1. */
#ifndef SNAPSHOT_MANIFEST_PRINT_H
#define SNAPSHOT_MANIFEST_PRINT_H

#include "base/buf.h"
#include "base/err.h"
#include "snapshot/manifest.h"

/* Append the JSON, indented, with a newline at its end. */
int manifest_print(const struct manifest *m, struct buf *b,
                   struct err *e) MUST_USE;

#endif
