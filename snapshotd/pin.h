/* pin.h - `lifeboat-snapshotd pin` and `unpin`: keep a snapshot for good. */
#ifndef SNAPSHOTD_PIN_H
#define SNAPSHOTD_PIN_H

int pin_run(void *config, int argc, char **argv);
int pin_undo_run(void *config, int argc, char **argv);

#endif
