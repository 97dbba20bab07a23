/* options.h - the table of options and commands. */
#ifndef SNAPSHOTD_OPTIONS_H
#define SNAPSHOTD_OPTIONS_H

#include "base/cli.h"

extern const struct cli_program options_program;

#endif
