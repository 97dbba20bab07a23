/* check.h - `lifeboat-snapshotd verify`: check stored snapshots completely. */
#ifndef SNAPSHOTD_CHECK_H
#define SNAPSHOTD_CHECK_H

int check_run(void *config, int argc, char **argv);

#endif
