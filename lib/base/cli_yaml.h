/* cli_yaml.h - options from a YAML file, and back. */
#ifndef BASE_CLI_YAML_H
#define BASE_CLI_YAML_H

#include "base/buf.h"
#include "base/cli.h"

/* Read `path` into `config`.  Options with given[i] != 0 are checked but left
 * as they are; for the others given[i] becomes 1.  Every key must be an
 * option's; errors are "'file':line:column: ...". */
int cli_yaml_read(const struct cli_program *p, const char *path, void *config,
                  unsigned char *given, struct err *e) MUST_USE;
/* Print all options that have a key, as a file that reads the same. */
void cli_yaml_print(const struct cli_program *p, const void *config,
                    struct buf *b);

#endif
