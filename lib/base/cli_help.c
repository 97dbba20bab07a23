#include "base/cli_help.h"

#include <string.h>

enum { WIDTH = 78, INDENT = 26 };

/* Append `text` wrapped at WIDTH; the cursor stands at column `at`, further
 * lines begin at `indent`. */
static void wrap(struct buf *b, const char *text, size_t at, size_t indent)
{
	while (*text != '\0') {
		size_t n = strcspn(text, " \n");

		if (at > indent && at + n + 1 > WIDTH) {
			buf_printf(b, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			buf_puts(b, " ");
			at++;
		}
		buf_append(b, text, n);
		at += n;
		text += n;
		text += strspn(text, " \n");
	}
	buf_puts(b, "\n");
}

static void describe(const struct cli_opt *o, struct buf *text)
{
	buf_puts(text, o->help);
	if (o->choices != NULL) {
		buf_puts(text, ":");
		for (size_t i = 0; o->choices[i] != NULL; i++)
			buf_printf(text, "%s %s", i > 0 ? "," : "",
			           o->choices[i]);
	}
	if (o->dflt != NULL)
		buf_printf(text, " (default %s)", o->dflt);
}

static void print_option(const struct cli_opt *o, struct buf *b)
{
	struct buf left = BUF_INIT(BUF_MAX_LINE), text = BUF_INIT(BUF_MAX_LINE);

	if (o->letter != 0)
		buf_printf(&left, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(&left, "      --%s", o->name);
	if (o->arg != NULL)
		buf_printf(&left, "=%s", o->arg);
	describe(o, &text);
	if (left.data != NULL && text.data != NULL) {
		buf_puts(b, left.data);
		if (left.len + 2 > INDENT)
			buf_printf(b, "\n%*s", INDENT, "");
		else
			buf_printf(b, "%*s", (int)(INDENT - left.len), "");
		wrap(b, text.data, INDENT, INDENT);
	}
	buf_close(&left);
	buf_close(&text);
}

_Bool cli_help_exit(int code, struct buf *b)
{
	static const struct {
		int code;
		const char *text;
	} codes[] = {
#define X(kind, word, code, retry, text) { code, text },
		ERR_KINDS(X)
#undef X
	};
	_Bool any = 0;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code) {
			buf_printf(b, "%s%s", any ? "; " : "", codes[i].text);
			any = 1;
		}
	return any;
}

static void print_exit(struct buf *b)
{
	struct buf text = BUF_INIT(BUF_MAX_LINE);

	buf_puts(b, "\nexit status:\n");
	for (int code = 0; code <= CLI_HELP_EXIT_MAX; code++) {
		buf_clear(&text);
		if (!cli_help_exit(code, &text))
			continue;
		buf_printf(b, "  %d  ", code);
		wrap(b, text.data, 5, 5);
	}
	buf_close(&text);
}

void cli_help_program(const struct cli_program *p, struct buf *b)
{
	struct buf more = BUF_INIT(BUF_MAX_LINE);

	buf_printf(b, "usage: %s COMMAND [OPTION...]\n\n", p->name);
	wrap(b, p->text, 0, 0);
	buf_puts(b, "\ncommands:\n");
	for (const struct cli_cmd *c = p->cmds; c->name != NULL; c++)
		buf_printf(b, "  %-10s %s\n", c->name, c->help);
	buf_printf(&more, "'%s COMMAND --help' tells the options of a command, "
	           "'man %s' all.", p->name, p->name);
	buf_puts(b, "\n");
	wrap(b, more.data == NULL ? "" : more.data, 0, 0);
	buf_close(&more);
}

void cli_help_command(const struct cli_program *p, const struct cli_cmd *c,
                      struct buf *b)
{
	buf_printf(b, "usage: %s %s [OPTION...]%s%s\n\n", p->name, c->name,
	           c->args[0] != '\0' ? " " : "", c->args);
	wrap(b, c->text, 0, 0);
	buf_puts(b, "\noptions:\n");
	for (const struct cli_opt *o = p->opts; o->name != NULL; o++)
		if ((o->cmds & c->bit) != 0)
			print_option(o, b);
	buf_printf(b, "  -h, --help%*sprint this\n", INDENT - 12, "");
	buf_printf(b, "      --print-config%*sprint the configuration as YAML, "
	           "do nothing\n", INDENT - 20, "");
	print_exit(b);
}
