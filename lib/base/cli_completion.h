/* cli_completion.h - a bash completion script from a program's table. */
#ifndef BASE_CLI_COMPLETION_H
#define BASE_CLI_COMPLETION_H

#include "base/buf.h"
#include "base/cli.h"

void cli_completion_bash(const struct cli_program *p, struct buf *b);

#endif
