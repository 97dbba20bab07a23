/* cli_help.h - what --help prints. */
#ifndef BASE_CLI_HELP_H
#define BASE_CLI_HELP_H

#include "base/buf.h"
#include "base/cli.h"

void cli_help_program(const struct cli_program *p, struct buf *b);
void cli_help_command(const struct cli_program *p, const struct cli_cmd *c,
                      struct buf *b);
/* Append what it means that the program ends with `code`, the texts of all
 * kinds of error that share it; false when there is none. */
enum { CLI_HELP_EXIT_MAX = 15 };
_Bool cli_help_exit(int code, struct buf *b);

#endif
