#include "base/cli_completion.h"

#include <string.h>

/* A shell function may not hold the hyphens of the program's name. */
static void function_name(const struct cli_program *p, struct buf *b)
{
	buf_puts(b, "_");
	for (const char *c = p->name; *c != '\0'; c++)
		buf_append(b, *c == '-' ? "_" : c, 1);
}

static void options_of(const struct cli_program *p, const struct cli_cmd *c,
                       struct buf *b)
{
	for (const struct cli_opt *o = p->opts; o->name != NULL; o++)
		if ((o->cmds & c->bit) != 0)
			buf_printf(b, " --%s", o->name);
	buf_puts(b, " --help --print-config");
}

/* What may follow an option: choices, files, or nothing that we know. */
static void values(const struct cli_program *p, struct buf *b)
{
	buf_puts(b, "\tcase $prev in\n");
	for (const struct cli_opt *o = p->opts; o->name != NULL; o++) {
		if (o->type == CLI_FLAG)
			continue;
		buf_printf(b, "\t--%s", o->name);
		if (o->letter != 0)
			buf_printf(b, " | -%c", o->letter);
		buf_puts(b, ")\n");
		if (o->type == CLI_PATH) {
			buf_puts(b, "\t\tmapfile -t COMPREPLY < "
			         "<(compgen -f -- \"$cur\")\n");
		} else if (o->type == CLI_CHOICE) {
			buf_puts(b, "\t\tmapfile -t COMPREPLY < "
			         "<(compgen -W '");
			for (size_t i = 0; o->choices[i] != NULL; i++)
				buf_printf(b, "%s%s", i > 0 ? " " : "",
				           o->choices[i]);
			buf_puts(b, "' -- \"$cur\")\n");
		}
		buf_puts(b, "\t\treturn ;;\n");
	}
	buf_puts(b, "\tesac\n");
}

void cli_completion_bash(const struct cli_program *p, struct buf *b)
{
	buf_printf(b, "# bash completion for %s\n", p->name);
	function_name(p, b);
	buf_puts(b, "() {\n\tlocal cur=$2 prev=$3 cmd='' words='' w\n"
	         "\tCOMPREPLY=()\n\tfor w in "
	         "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	         "\t\tcase $w in\n\t\t");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++)
		buf_printf(b, "%s%s", c == p->cmds ? "" : " | ", c->name);
	buf_puts(b, ") cmd=$w && break ;;\n\t\tesac\n\tdone\n");
	values(p, b);
	buf_puts(b, "\tcase $cmd in\n\t'') words='");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++)
		buf_printf(b, "%s ", c->name);
	buf_puts(b, "--help --version' ;;\n");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++) {
		buf_printf(b, "\t%s) words='", c->name);
		options_of(p, c, b);
		buf_puts(b, "' ;;\n");
	}
	buf_puts(b, "\tesac\n\tif [[ $cur == -* || -z $cmd ]]; then\n"
	         "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	         "\"$cur\")\n\telse\n\t\tmapfile -t COMPREPLY < "
	         "<(compgen -f -- \"$cur\")\n\tfi\n}\ncomplete -F ");
	function_name(p, b);
	buf_printf(b, " %s\n", p->name);
}
