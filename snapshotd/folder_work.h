/* folder_work.h - what save, prune and the daemon do in the snapshot folder. */
#ifndef SNAPSHOTD_FOLDER_WORK_H
#define SNAPSHOTD_FOLDER_WORK_H

#include "base/lock.h"
#include "settings.h"
#include "snapshot/catalog.h"
#include "snapshot/retain.h"

/* Three locks in the folder: one daemon at a time, one snapshot at a time, and
 * nobody pins what another is about to prune. */
#define FOLDER_WORK_DAEMON "daemon"
#define FOLDER_WORK_SAVE "save"
#define FOLDER_WORK_PRUNE "prune"

/* Open the folder and list it. */
int folder_work_open(const struct settings *s, struct store **store,
                     struct catalog *list, struct err *e) MUST_USE;
/* What take_snapshot() should know of the snapshots that are there: the newest
 * one of this node, that is neither damaged nor diverged. */
void folder_work_previous(const struct catalog *list,
                          struct take_previous *out);
/* Take one snapshot: lock, clear away what killed runs left, take. */
int folder_work_save(const struct settings *s, struct take_options *o,
                     struct take_result *out, struct err *e) MUST_USE;

struct folder_work_plan {
	struct retain_entry *entries;   /* oldest first */
	size_t count;
	struct retain_sum sum;
};
/* Which of `list` stay and which go. */
int folder_work_plan(const struct settings *s, const struct catalog *list,
                     struct folder_work_plan *out, struct err *e) MUST_USE;
/* Remove what the plan lets go, oldest first. */
int folder_work_prune(struct store *store, const struct folder_work_plan *plan,
                      struct err *e) MUST_USE;
void folder_work_plan_clear(struct folder_work_plan *plan);

#endif
