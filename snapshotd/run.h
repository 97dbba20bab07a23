/* run.h - `lifeboat-snapshotd run`: the daemon. */
#ifndef SNAPSHOTD_RUN_H
#define SNAPSHOTD_RUN_H

int run_run(void *config, int argc, char **argv);

#endif
