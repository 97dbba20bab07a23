/* watch.h - keep the metrics true to the folder and to what happened. */
#ifndef SNAPSHOTD_WATCH_H
#define SNAPSHOTD_WATCH_H

#include "job.h"
#include "metrics.h"
#include "settings.h"
#include "snapshot/catalog.h"

/* This moment, on both clocks. */
struct schedule_time watch_now(void);
/* Free space and the time, before a page is served. */
void watch_refresh(struct metrics *m);
/* What the folder holds; the newest verified snapshot, unless a newer one was
 * seen taken. */
void watch_folder(struct metrics *m, const struct settings *s,
                  const struct catalog *list);
/* A job ended. */
void watch_job(struct metrics *m, const struct job_result *r, double seconds);
/* The newest snapshot's time by the folder; 0: none. */
int64_t watch_newest(const struct catalog *list);

#endif
