/* data_dir_cmd.h - the subcommand data-dir: options in, result out. */
#ifndef RESTORE_DATA_DIR_CMD_H
#define RESTORE_DATA_DIR_CMD_H

/* `argv[0]` is the subcommand's name.  Returns the exit code. */
int data_dir_cmd(int argc, char **argv);

#endif
