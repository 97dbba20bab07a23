#include "base/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli_completion.h"
#include "base/cli_help.h"
#include "base/cli_man.h"
#include "base/cli_value.h"
#include "base/cli_yaml.h"
#include "base/nearest.h"
#include "base/version.h"

enum { FROM_FILE = 1, FROM_LINE = 2, WORDS_MAX = 160 };

static size_t count_opts(const struct cli_program *p)
{
	size_t n = 0;

	while (p->opts[n].name != NULL)
		n++;
	return n;
}

/* ---- options ---- */

static int unknown_option(const struct cli *cli, const char *name, size_t len,
                          struct err *e)
{
	const char *words[WORDS_MAX], *guess;
	char word[64];
	size_t n = 0;

	for (const struct cli_opt *o = cli->program->opts;
	     o->name != NULL && n < WORDS_MAX; o++)
		if (cli->cmd == NULL || (o->cmds & cli->cmd->bit) != 0)
			words[n++] = o->name;
	(void)snprintf(word, sizeof(word), "%.*s", (int)len, name);
	guess = nearest_word(word, words, n);
	if (guess == NULL)
		return err_set(e, ERR_USAGE, "unknown option '--%s'", word);
	return err_set(e, ERR_USAGE, "unknown option '--%s', did you mean "
	               "'--%s'?", word, guess);
}

static int find_option(const struct cli *cli, const char *name, size_t len)
{
	const struct cli_opt *o = cli->program->opts;

	for (int i = 0; o[i].name != NULL; i++)
		if (strlen(o[i].name) == len &&
		    strncmp(o[i].name, name, len) == 0)
			return i;
	return -1;
}

static int find_letter(const struct cli *cli, char letter)
{
	const struct cli_opt *o = cli->program->opts;

	for (int i = 0; o[i].name != NULL; i++)
		if (o[i].letter == letter)
			return i;
	return -1;
}

static int set_option(struct cli *cli, void *config, int i, const char *value,
                      struct err *e)
{
	const struct cli_opt *o = &cli->program->opts[i];

	if (cli_value_set(o, config, value, e) < 0)
		return err_wrap(e, "--%s", o->name);
	cli->given[i] = FROM_LINE;
	return 0;
}

/* The words that every program knows; true when `name` is one. */
static _Bool common_option(struct cli *cli, const char *name)
{
	const struct {
		const char *name;
		_Bool *to;
	} common[] = {
		{ "help", &cli->help }, { "version", &cli->version },
		{ "print-config", &cli->print_config }, { "man", &cli->man },
		{ "completion", &cli->completion },
	};

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		if (strcmp(name, common[i].name) == 0) {
			*common[i].to = 1;
			return 1;
		}
	return 0;
}

/* Take the option at argv[0]; returns how many words it took, or -1. */
static int take_option(struct cli *cli, void *config, int argc, char **argv,
                       struct err *e)
{
	const char *word = argv[0], *value;
	_Bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1);
	const char *equals = is_long ? strchr(name, '=') : NULL;
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	int i;

	if (strcmp(word, "-h") == 0 || (is_long && common_option(cli, name))) {
		cli->help = cli->help || !is_long;
		return 1;
	}
	if (!is_long && len != 1)
		return err_set(e, ERR_USAGE, "unknown option '%s'", word);
	i = is_long ? find_option(cli, name, len) : find_letter(cli, name[0]);
	if (i < 0 && !is_long)
		return err_set(e, ERR_USAGE, "unknown option '%s'", word);
	if (i < 0)
		return unknown_option(cli, name, len, e);
	if (cli->program->opts[i].type == CLI_FLAG) {
		value = equals != NULL ? equals + 1 : "true";
		return set_option(cli, config, i, value, e) < 0 ? -1 : 1;
	}
	if (equals != NULL)
		return set_option(cli, config, i, equals + 1, e) < 0 ? -1 : 1;
	if (argc < 2)
		return err_set(e, ERR_USAGE, "--%s needs a value",
		               cli->program->opts[i].name);
	return set_option(cli, config, i, argv[1], e) < 0 ? -1 : 2;
}

/* ---- words ---- */

static int take_command(struct cli *cli, const char *word, struct err *e)
{
	const char *words[WORDS_MAX], *guess;
	const struct cli_cmd *c = cli->program->cmds;
	size_t n = 0;

	for (; c->name != NULL; c++) {
		if (strcmp(c->name, word) == 0) {
			cli->cmd = c;
			return 0;
		}
		if (n < WORDS_MAX)
			words[n++] = c->name;
	}
	guess = nearest_word(word, words, n);
	if (guess == NULL)
		return err_set(e, ERR_USAGE, "unknown command '%s'", word);
	return err_set(e, ERR_USAGE, "unknown command '%s', did you mean "
	               "'%s'?", word, guess);
}

static int take_words(struct cli *cli, void *config, int argc, char **argv,
                      struct err *e)
{
	_Bool options = 1;

	for (int i = 1; i < argc; ) {
		int n = 1;

		if (options && strcmp(argv[i], "--") == 0)
			options = 0;
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			n = take_option(cli, config, argc - i, argv + i, e);
		else if (cli->cmd == NULL)
			n = take_command(cli, argv[i], e) < 0 ? -1 : 1;
		else
			cli->args[cli->n_args++] = argv[i];
		if (n < 0)
			return -1;
		i += n;
	}
	return 0;
}

static int check_words(const struct cli *cli, struct err *e)
{
	const struct cli_cmd *c = cli->cmd;
	const struct cli_opt *o = cli->program->opts;

	for (int i = 0; o[i].name != NULL; i++)
		if (cli->given[i] == FROM_LINE && (o[i].cmds & c->bit) == 0)
			return err_set(e, ERR_USAGE, "'%s' takes no option "
			               "'--%s'", c->name, o[i].name);
	if (cli->n_args < c->min_args)
		return err_set(e, ERR_USAGE, "'%s' needs %s", c->name, c->args);
	if (c->max_args >= 0 && cli->n_args > c->max_args)
		return err_set(e, ERR_USAGE, "'%s' has no use for '%s'",
		               c->name, cli->args[c->max_args]);
	return 0;
}

/* ---- all of it ---- */

static int set_defaults(const struct cli_program *p, void *config,
                        struct err *e)
{
	(void)memset(config, 0, p->config_size);
	for (const struct cli_opt *o = p->opts; o->name != NULL; o++)
		if (o->dflt != NULL &&
		    cli_value_set(o, config, o->dflt, e) < 0)
			return err_wrap(e, "default of --%s", o->name);
	return 0;
}

static int read_file(struct cli *cli, void *config, struct err *e)
{
	const struct cli_program *p = cli->program;
	char *const *named = (char *const *)(void *)((char *)config +
	                                             p->config_offset);
	const char *path = *named;

	if (path == NULL && p->config_file != NULL &&
	    access(p->config_file, F_OK) == 0)
		path = p->config_file;
	if (path == NULL)
		return 0;
	return cli_yaml_read(p, path, config, cli->given, e);
}

int cli_parse(struct cli *cli, const struct cli_program *p, void *config,
              int argc, char **argv, struct err *e)
{
	*cli = (struct cli){ .program = p };
	(void)memset(config, 0, p->config_size);
	cli->given = calloc(count_opts(p) + 1, 1);
	cli->args = calloc((size_t)argc + 1, sizeof(*cli->args));
	if (cli->given == NULL || cli->args == NULL)
		return err_nomem(e);
	if (set_defaults(p, config, e) < 0 ||
	    take_words(cli, config, argc, argv, e) < 0)
		return -1;
	if (cli->help || cli->version || cli->man || cli->completion)
		return 0;
	if (cli->cmd == NULL)
		return err_set(e, ERR_USAGE, "a command is missing");
	if (check_words(cli, e) < 0)
		return -1;
	return read_file(cli, config, e);
}

void cli_clear(struct cli *cli, void *config)
{
	for (const struct cli_opt *o = cli->program->opts; o->name != NULL; o++)
		cli_value_clear(o, config);
	free(cli->given);
	free(cli->args);
	cli->given = NULL;
	cli->args = NULL;
}

_Bool cli_given(const struct cli *cli, const char *name)
{
	int i = find_option(cli, name, strlen(name));

	return i >= 0 && cli->given[i] != 0;
}

/* Print what --help and its like ask for; false when none does. */
static _Bool print_texts(const struct cli *cli, const void *config)
{
	const struct cli_program *p = cli->program;
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	if (cli->help && cli->cmd != NULL)
		cli_help_command(p, cli->cmd, &b);
	else if (cli->help)
		cli_help_program(p, &b);
	else if (cli->version)
		buf_printf(&b, "%s %s\n", p->name, LIFEBOAT_VERSION);
	else if (cli->man)
		cli_man_page(p, &b);
	else if (cli->completion)
		cli_completion_bash(p, &b);
	else if (cli->print_config)
		cli_yaml_print(p, config, &b);
	else
		return 0;
	if (b.data != NULL)
		(void)fwrite(b.data, 1, b.len, stdout);
	buf_close(&b);
	return 1;
}

static int usage_error(const struct cli *cli, const struct err *e)
{
	const char *name = cli->program->name;

	(void)fprintf(stderr, "%s: %s\n", name, e->text);
	if (e->kind == ERR_USAGE && strstr(e->text, "hint: ") == NULL)
		(void)fprintf(stderr, "hint: see '%s %s%s--help'\n", name,
		              cli->cmd == NULL ? "" : cli->cmd->name,
		              cli->cmd == NULL ? "" : " ");
	return err_exit_code(e->kind);
}

int cli_main(const struct cli_program *p, void *config, int argc, char **argv)
{
	struct cli cli;
	struct err e = ERR_INIT;
	int code = 0;

	if (cli_parse(&cli, p, config, argc, argv, &e) < 0)
		code = usage_error(&cli, &e);
	else if (!print_texts(&cli, config))
		code = cli.cmd->run(config, cli.n_args, cli.args);
	cli_clear(&cli, config);
	if (fflush(stdout) != 0 && code == 0) {
		(void)fprintf(stderr, "%s: cannot write to the output\n",
		              p->name);
		code = 1;
	}
	return code;
}
