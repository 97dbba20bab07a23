/* cli.h - a program's command line, from one table.
 *
 * The table gives parsing, ranges, --help, the man page, bash completion, the
 * keys of the YAML file and --print-config.  Values go straight into the
 * program's own struct: defaults first, then the YAML file, then the command
 * line.  Options may stand anywhere; "--" ends them. */
#ifndef BASE_CLI_H
#define BASE_CLI_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum cli_type {                 /* and what the field at `offset` is */
	CLI_FLAG,               /* _Bool; no argument */
	CLI_TEXT,               /* char *, NULL without a value */
	CLI_PATH,               /* char *; completed as a file name */
	CLI_COUNT,              /* uint64_t */
	CLI_SIZE,               /* uint64_t, bytes; "64MiB" */
	CLI_SPAN,               /* int64_t, milliseconds; "5m" */
	CLI_CHOICE,             /* int, index into `choices` */
};

struct cli_opt {
	const char *name;       /* of the long option, without "--" */
	char letter;            /* or 0 */
	enum cli_type type;
	size_t offset;          /* in the program's struct */
	const char *dflt;       /* as it would be typed; NULL: none (0, NULL) */
	const char *arg;        /* what stands for the value in help: "FILE" */
	const char *help;       /* a phrase, lower case, no full stop */
	const char *yaml;       /* "retention.count"; NULL: not in the file */
	uint32_t cmds;          /* bits of the subcommands that take it */
	uint64_t min, max;      /* of count, size, span; max 0: no limit */
	const char *const *choices;     /* ends with NULL */
};

struct cli_cmd {
	const char *name;
	const char *args;       /* "NAME...", "" */
	const char *help;       /* a line, lower case, no full stop */
	const char *text;       /* a paragraph for --help and the man page */
	int min_args, max_args; /* max -1: any number */
	uint32_t bit;
	int (*run)(void *config, int argc, char **argv);        /* exit code */
};

struct cli_section {            /* of the man page, after the options */
	const char *title, *text;       /* blank lines part paragraphs; lines
	                                 * that begin with a tab stand as is */
};

struct cli_program {
	const char *name, *purpose;     /* "prog - purpose" */
	const char *text;               /* DESCRIPTION */
	int man_section;
	const struct cli_opt *opts;     /* ends with a NULL name */
	const struct cli_cmd *cmds;     /* ends with a NULL name */
	const struct cli_section *sections;     /* ends with a NULL title */
	size_t config_size;             /* of the program's struct */
	size_t config_offset;           /* in it: char *, the YAML file's path,
	                                 * as set by the option "config" */
	const char *config_file;        /* read when it exists; or NULL */
};

/* What a parsed command line says. */
struct cli {
	const struct cli_program *program;
	const struct cli_cmd *cmd;
	char **args;                    /* positionals, in argv's strings */
	int n_args;
	_Bool help, version, print_config, man, completion;
	unsigned char *given;           /* per option: 1 file, 2 command line */
};

/* Parse into `config` (config_size bytes, overwritten).  End `cli` and the
 * strings in `config` with cli_clear(), success or not. */
int cli_parse(struct cli *cli, const struct cli_program *p, void *config,
              int argc, char **argv, struct err *e) MUST_USE;
void cli_clear(struct cli *cli, void *config);
/* Was that option given in the file or on the command line? */
_Bool cli_given(const struct cli *cli, const char *name);

/* All of main(): parse, print help and the like, run the subcommand.  Returns
 * the exit code.  `config` is zeroed memory of config_size bytes. */
int cli_main(const struct cli_program *p, void *config, int argc, char **argv);

#endif
