/* cli_value.h - the text of an option into the program's struct, and back. */
#ifndef BASE_CLI_VALUE_H
#define BASE_CLI_VALUE_H

#include "base/buf.h"
#include "base/cli.h"

/* Set the option's field from `text` (a flag: "true" or "false").  Errors say
 * what is wrong with the value, without naming the option. */
int cli_value_set(const struct cli_opt *o, void *config, const char *text,
                  struct err *e) MUST_USE;
/* Append what the field holds, so that cli_value_set() gives it again; false
 * when it holds nothing. */
_Bool cli_value_print(const struct cli_opt *o, const void *config,
                      struct buf *b);
/* Free what the field owns. */
void cli_value_clear(const struct cli_opt *o, void *config);

#endif
