/* archive_out.h - write Lifeboat's archive: <name>.tar.zst.
 *
 * One tar stream in zstd frames: the database; then cluster.yml and
 * cluster.state, where there are any, in a frame of their own; then
 * manifest.json and the end of the archive in a frame of its own; then the
 * index (tail.h).  Stock `tar --zstd -xf` and `zstd -t` read it.  The manifest
 * comes last, because it holds what only the end of the stream tells.
 * The parts must come in that order. */
#ifndef SNAPSHOT_ARCHIVE_OUT_H
#define SNAPSHOT_ARCHIVE_OUT_H

#include "snapshot/sink.h"

#define ARCHIVE_OUT_SUFFIX ".tar.zst"

/* A sink on the open stage `st`.  `level` is frames.h's, `workers` 0 or 1. */
int archive_out_new(struct sink **out, struct stage *st, int level,
                    unsigned workers, struct err *e) MUST_USE;
/* Bytes of memory that the compressor holds now. */
size_t archive_out_memory(const struct sink *s);

#endif
