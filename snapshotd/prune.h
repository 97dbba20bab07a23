/* prune.h - `lifeboat-snapshotd prune`: remove what the rules let go. */
#ifndef SNAPSHOTD_PRUNE_H
#define SNAPSHOTD_PRUNE_H

int prune_run(void *config, int argc, char **argv);

#endif
