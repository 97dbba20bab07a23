/* save.h - `lifeboat-snapshotd save`: one snapshot now. */
#ifndef SNAPSHOTD_SAVE_H
#define SNAPSHOTD_SAVE_H

int save_run(void *config, int argc, char **argv);

#endif
