/* cli_help.h - what --help prints. */
#ifndef BASE_CLI_HELP_H
#define BASE_CLI_HELP_H

#include "base/buf.h"
#include "base/cli.h"

void cli_help_program(const struct cli_program *p, struct buf *b);
void cli_help_command(const struct cli_program *p, const struct cli_cmd *c,
                      struct buf *b);

#endif
