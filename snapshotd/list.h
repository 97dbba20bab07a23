/* list.h - `lifeboat-snapshotd list`: what the folder holds. */
#ifndef SNAPSHOTD_LIST_H
#define SNAPSHOTD_LIST_H

int list_run(void *config, int argc, char **argv);

#endif
