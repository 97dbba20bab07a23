/* data_dir_run.h - the subcommand data-dir: options in, result out. */
#ifndef RESTORE_DATA_DIR_RUN_H
#define RESTORE_DATA_DIR_RUN_H

/* `config` is the struct settings, `argv` the snapshot's file.  Returns the
 * exit code. */
int data_dir_run(void *config, int argc, char **argv);

#endif
