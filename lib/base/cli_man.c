#include "base/cli_man.h"

#include "base/version.h"

#include <ctype.h>
#include <string.h>

#include "base/cli_help.h"

/* Text that roff takes as it is: no requests, no escapes, real hyphens. */
static void put_text(struct buf *b, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((i == 0 || text[i - 1] == '\n') &&
		    (text[i] == '.' || text[i] == '\''))
			buf_puts(b, "\\&");
		if (text[i] == '\\')
			buf_puts(b, "\\e");
		else if (text[i] == '-')
			buf_puts(b, "\\-");
		else
			buf_append(b, text + i, 1);
	}
}

static void put(struct buf *b, const char *text)
{
	put_text(b, text, strlen(text));
}

static void section(struct buf *b, const char *title)
{
	buf_printf(b, ".SH %s\n", title);
}

static void synopsis(const struct cli_program *p, struct buf *b)
{
	section(b, "SYNOPSIS");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++) {
		buf_puts(b, c == p->cmds ? "" : ".br\n");
		buf_puts(b, "\\fB");
		put(b, p->name);
		buf_printf(b, " %s\\fR [\\fIOPTION\\fR...]", c->name);
		if (c->args[0] != '\0') {
			buf_puts(b, " ");
			put(b, c->args);
		}
		buf_puts(b, "\n");
	}
}

static void commands(const struct cli_program *p, struct buf *b)
{
	section(b, "COMMANDS");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++) {
		buf_printf(b, ".TP\n\\fB%s\\fR ", c->name);
		put(b, c->args);
		buf_puts(b, "\n");
		put(b, c->text);
		buf_puts(b, "\n");
	}
}

static void takers(const struct cli_program *p, const struct cli_opt *o,
                   struct buf *b)
{
	const char *comma = "";
	_Bool all = 1;

	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++)
		all = all && (o->cmds & c->bit) != 0;
	if (all)
		return;
	buf_puts(b, " For ");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++)
		if ((o->cmds & c->bit) != 0) {
			buf_printf(b, "%s\\fB%s\\fR", comma, c->name);
			comma = ", ";
		}
	buf_puts(b, ".");
}

static void option(const struct cli_program *p, const struct cli_opt *o,
                   struct buf *b)
{
	buf_puts(b, ".TP\n");
	if (o->letter != 0)
		buf_printf(b, "\\fB\\-%c\\fR, ", o->letter);
	buf_puts(b, "\\fB\\-\\-");
	put(b, o->name);
	buf_puts(b, "\\fR");
	if (o->arg != NULL) {
		buf_puts(b, "=\\fI");
		put(b, o->arg);
		buf_puts(b, "\\fR");
	}
	buf_printf(b, "\n%c", toupper((unsigned char)o->help[0]));
	put(b, o->help + 1);
	for (size_t i = 0; o->choices != NULL && o->choices[i] != NULL; i++) {
		buf_puts(b, i == 0 ? ": " : ", ");
		put(b, o->choices[i]);
	}
	buf_puts(b, ".");
	if (o->dflt != NULL) {
		buf_puts(b, " Default: ");
		put(b, o->dflt);
		buf_puts(b, ".");
	}
	if (o->yaml != NULL) {
		buf_puts(b, " In the file: \\fB");
		put(b, o->yaml);
		buf_puts(b, "\\fR.");
	}
	takers(p, o, b);
	buf_puts(b, "\n");
}

static void options(const struct cli_program *p, struct buf *b)
{
	section(b, "OPTIONS");
	for (const struct cli_opt *o = p->opts; o->name != NULL; o++)
		option(p, o, b);
	buf_puts(b, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nPrint help, of the "
	         "program or of a command.\n"
	         ".TP\n\\fB\\-\\-version\\fR\nPrint the version.\n"
	         ".TP\n\\fB\\-\\-print\\-config\\fR\nPrint the configuration "
	         "in force as a YAML file, and do nothing.\n"
	         ".TP\n\\fB\\-\\-completion\\fR\nPrint a bash completion "
	         "script.\n");
}

static void file(const struct cli_program *p, struct buf *b)
{
	section(b, "CONFIGURATION FILE");
	buf_puts(b, "A YAML file, ");
	if (p->config_file != NULL) {
		buf_puts(b, "\\fI");
		put(b, p->config_file);
		buf_puts(b, "\\fR when it exists and ");
	}
	buf_puts(b, "\\fB\\-\\-config\\fR names no other.  The command line "
	         "wins over the file, the file over the defaults.  An unknown "
	         "key is an error.  Dots in the keys above stand for maps:\n"
	         ".PP\n.nf\n.RS\nendpoints: https://10.0.0.1:2379\n"
	         "retention:\n  count: 10\n  daily: 7\n.RE\n.fi\n");
}

static void exit_status(struct buf *b)
{
	struct buf text = BUF_INIT(BUF_MAX_LINE);

	section(b, "EXIT STATUS");
	for (int code = 0; code <= CLI_HELP_EXIT_MAX; code++) {
		buf_clear(&text);
		if (!cli_help_exit(code, &text))
			continue;
		buf_printf(b, ".TP\n\\fB%d\\fR\n", code);
		put_text(b, text.data, text.len);
		buf_puts(b, "\n");
	}
	buf_close(&text);
}

/* Blank lines part paragraphs, lines that begin with a tab stand as is. */
static void free_text(const char *text, struct buf *b)
{
	_Bool verbatim = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if ((text[0] == '\t') != verbatim) {
			verbatim = !verbatim;
			buf_puts(b, verbatim ? ".nf\n.RS\n" : ".RE\n.fi\n");
		}
		if (n == 0)
			buf_puts(b, verbatim ? "\n" : ".PP\n");
		put_text(b, text + verbatim, n - verbatim);
		if (n > 0)
			buf_puts(b, "\n");
		text += n + (text[n] == '\n');
	}
	if (verbatim)
		buf_puts(b, ".RE\n.fi\n");
}

void cli_man_page(const struct cli_program *p, struct buf *b)
{
	char upper[64];
	size_t i;

	for (i = 0; i < sizeof(upper) - 1 && p->name[i] != '\0'; i++)
		upper[i] = (char)toupper((unsigned char)p->name[i]);
	upper[i] = '\0';
	buf_puts(b, ".TH ");
	put(b, upper);
	buf_printf(b, " %d \"\" \"Lifeboat %s\"\n", p->man_section,
	           LIFEBOAT_VERSION);
	section(b, "NAME");
	put(b, p->name);
	buf_puts(b, " \\- ");
	put(b, p->purpose);
	buf_puts(b, "\n");
	synopsis(p, b);
	section(b, "DESCRIPTION");
	put(b, p->text);
	buf_puts(b, "\n");
	commands(p, b);
	options(p, b);
	file(p, b);
	exit_status(b);
	for (const struct cli_section *s = p->sections;
	     s != NULL && s->title != NULL; s++) {
		section(b, s->title);
		free_text(s->text, b);
	}
}
