/* cli_man.h - the man page of a program's table, in roff. */
#ifndef BASE_CLI_MAN_H
#define BASE_CLI_MAN_H

#include "base/buf.h"
#include "base/cli.h"

void cli_man_page(const struct cli_program *p, struct buf *b);

#endif
