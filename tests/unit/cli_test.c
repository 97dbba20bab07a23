#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cli.h"
#include "base/cli_completion.h"
#include "base/cli_help.h"
#include "base/cli_man.h"
#include "base/cli_value.h"
#include "base/cli_yaml.h"

/* A program of our own: an option of each type. */
struct settings {
	char *config, *dir, *user;
	_Bool dry_run, deep;
	uint64_t count, size;
	int64_t wait_ms;
	int form;
};

enum { SAVE = 1, LIST = 2 };
static const char *const forms[] = { "archive", "zip", NULL };
#define AT(field) offsetof(struct settings, field)

static const struct cli_opt opts[] = {
	{ .name = "config", .letter = 'c', .type = CLI_PATH, .arg = "FILE",
	  .offset = AT(config), .help = "read settings from FILE",
	  .cmds = SAVE | LIST },
	{ .name = "dir", .letter = 'd', .type = CLI_PATH, .arg = "DIR",
	  .offset = AT(dir), .dflt = "/var/lib/x", .help = "keep files in DIR",
	  .yaml = "dir", .cmds = SAVE | LIST },
	{ .name = "user", .type = CLI_TEXT, .arg = "NAME", .offset = AT(user),
	  .help = "log in as NAME", .yaml = "etcd.user", .cmds = SAVE },
	{ .name = "wait", .type = CLI_SPAN, .arg = "TIME", .dflt = "5m",
	  .offset = AT(wait_ms), .min = 1000, .max = 86400000,
	  .help = "wait for TIME", .yaml = "etcd.limits.wait", .cmds = SAVE },
	{ .name = "count", .letter = 'n', .type = CLI_COUNT, .arg = "N",
	  .offset = AT(count), .dflt = "3", .min = 1, .max = 10,
	  .help = "keep N", .yaml = "keep.count", .cmds = SAVE },
	{ .name = "size", .type = CLI_SIZE, .arg = "SIZE", .offset = AT(size),
	  .min = 4096, .dflt = "1MiB", .help = "at most SIZE",
	  .yaml = "keep.size", .cmds = SAVE },
	{ .name = "form", .type = CLI_CHOICE, .arg = "FORM", .dflt = "zip",
	  .offset = AT(form), .choices = forms, .help = "write FORM",
	  .yaml = "form", .cmds = SAVE },
	{ .name = "dry-run", .type = CLI_FLAG, .offset = AT(dry_run),
	  .help = "change nothing", .cmds = SAVE },
	{ .name = "deep", .type = CLI_FLAG, .offset = AT(deep), .dflt = "true",
	  .help = "look into \\files - all of them", .yaml = "deep",
	  .cmds = SAVE | LIST },
	{ .name = NULL },
};

static int run(void *config, int argc, char **argv)
{
	const struct settings *s = config;

	(void)argv;
	return s->dry_run ? 40 + argc : 0;
}

static const struct cli_cmd cmds[] = {
	{ .name = "save", .args = "NAME...", .help = "save things",
	  .text = "Save all that is named.", .min_args = 1, .max_args = 2,
	  .bit = SAVE, .run = run },
	{ .name = "list", .args = "", .help = "list things",
	  .text = ".dots and 'quotes' begin lines - or not.", .bit = LIST,
	  .run = run },
	{ .name = NULL },
};

static const struct cli_section sections[] = {
	{ "FILES", "One paragraph.\n\nAnother - with a dash.\n"
	  "\t.verbatim \\line\n\tand 'one' more\nThe end.\n" },
	{ NULL, NULL },
};

static struct cli_program program = {
	.name = "test-prog", .purpose = "try the command line",
	.text = "Does nothing - well.", .man_section = 8, .opts = opts,
	.cmds = cmds, .sections = sections,
	.config_size = sizeof(struct settings), .config_offset = AT(config),
};

static char dir[64], file[96];

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/cli-XXXXXX");
	program.config_file = NULL;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/c.yml", dir);
	return 0;
}

static int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void yaml(const char *text)
{
	put(file, text, strlen(text));
}

/* ---- parsing a line of words, split at blanks ---- */

enum { WORDS = 16 };
struct line {
	struct cli cli;
	struct settings s;
	struct err e;
	char text[400];
	char *argv[WORDS];
	int rc;
};

static void parse(struct line *l, const char *words)
{
	char *save = NULL;
	int argc = 0;

	(void)snprintf(l->text, sizeof(l->text), "test-prog %s", words);
	for (char *w = strtok_r(l->text, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save))
		l->argv[argc++] = w;
	l->e = (struct err)ERR_INIT;
	l->rc = cli_parse(&l->cli, &program, &l->s, argc, l->argv, &l->e);
}

static void done(struct line *l)
{
	cli_clear(&l->cli, &l->s);
}

static void assert_refused(const char *words, const char *text)
{
	struct line l;

	parse(&l, words);
	assert_int_equal(l.rc, -1);
	assert_string_equal(l.e.text, text);
	assert_int_equal(l.e.kind, ERR_USAGE);
	done(&l);
}

static void defaults_then_file_then_line(void **state)
{
	struct line l;
	char words[200];

	(void)state;
	parse(&l, "save a");
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.s.dir, "/var/lib/x");
	assert_null(l.s.user);
	assert_int_equal(l.s.count, 3);
	assert_int_equal(l.s.size, 1 << 20);
	assert_int_equal(l.s.wait_ms, 300000);
	assert_int_equal(l.s.form, 1);
	assert_true(l.s.deep && !l.s.dry_run);
	assert_false(cli_given(&l.cli, "count"));
	done(&l);

	yaml("keep: {count: 7, size: 8KiB}\netcd:\n  user: root\n"
	     "  limits:\n    wait: 2s\ndeep: false\n");
	(void)snprintf(words, sizeof(words), "save a --config %s -n 9", file);
	parse(&l, words);
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.s.count, 9);
	assert_int_equal(l.s.size, 8192);
	assert_int_equal(l.s.wait_ms, 2000);
	assert_string_equal(l.s.user, "root");
	assert_false(l.s.deep);
	assert_int_equal(l.s.form, 1);
	assert_true(cli_given(&l.cli, "count"));
	assert_true(cli_given(&l.cli, "size"));
	assert_false(cli_given(&l.cli, "form"));
	assert_false(cli_given(&l.cli, "nothing"));
	done(&l);

	/* The usual file counts when no other is named. */
	program.config_file = file;
	parse(&l, "save a --deep=true");
	assert_int_equal(l.s.count, 7);
	assert_true(l.s.deep);
	done(&l);
	program.config_file = "/nonexistent/x.yml";
	parse(&l, "save a");
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.s.count, 3);
	done(&l);
}

static void options_stand_anywhere(void **state)
{
	struct line l;

	(void)state;
	parse(&l, "-n 4 save --dir=/a --wait 3s one --dry-run two -d /b=c");
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.s.count, 4);
	assert_string_equal(l.s.dir, "/b=c");
	assert_int_equal(l.s.wait_ms, 3000);
	assert_true(l.s.dry_run);
	assert_string_equal(l.cli.cmd->name, "save");
	assert_int_equal(l.cli.n_args, 2);
	assert_string_equal(l.cli.args[0], "one");
	assert_string_equal(l.cli.args[1], "two");
	done(&l);
	parse(&l, "save -- --dry-run -");
	assert_int_equal(l.rc, 0);
	assert_false(l.s.dry_run);
	assert_string_equal(l.cli.args[0], "--dry-run");
	assert_string_equal(l.cli.args[1], "-");
	done(&l);
	parse(&l, "-- save -n");
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.cli.args[0], "-n");
	done(&l);
	parse(&l, "save x --dry-run=false --deep=false");
	assert_int_equal(l.rc, 0);
	assert_false(l.s.dry_run || l.s.deep);
	done(&l);
	/* An option may be empty, and may come twice: the last counts. */
	parse(&l, "save x --user= --count 1 --count 2");
	assert_string_equal(l.s.user, "");
	assert_int_equal(l.s.count, 2);
	done(&l);
}

static void says_what_is_wrong(void **state)
{
	static const char *const cases[][2] = {
		{ "", "a command is missing" },
		{ "--dry-run", "a command is missing" },
		{ "sav x", "unknown command 'sav', did you mean 'save'?" },
		{ "zzzzzz", "unknown command 'zzzzzz'" },
		{ "save x --cuont 3",
		  "unknown option '--cuont', did you mean '--count'?" },
		{ "save x --cuont=3",
		  "unknown option '--cuont', did you mean '--count'?" },
		{ "save x --qqqqqqqqq", "unknown option '--qqqqqqqqq'" },
		/* Only what the command takes is a guess. */
		{ "list --cuont 3", "unknown option '--cuont'" },
		{ "save x -z", "unknown option '-z'" },
		{ "save x -n3", "unknown option '-n3'" },
		{ "save x --help=no", "unknown option '--help'" },
		{ "save x --count", "--count needs a value" },
		{ "save x -n", "--count needs a value" },
		{ "save x --count=", "--count: not a number: ''" },
		{ "save x -n x", "--count: not a number: 'x'" },
		{ "save x -n -1", "--count: not a number: '-1'" },
		{ "save x -n +1", "--count: not a number: '+1'" },
		{ "save x -n 1x", "--count: not a number: '1x'" },
		{ "save x -n 99999999999999999999",
		  "--count: not a number: '99999999999999999999'" },
		{ "save x -n 0", "--count: '0' is not within 1 to 10" },
		{ "save x -n 11", "--count: '11' is not within 1 to 10" },
		{ "save x --size 4095", "--size: '4095' is below 4096" },
		{ "save x --wait 999ms",
		  "--wait: '999ms' is not within 1s to 1d" },
		{ "save x --wait 25h",
		  "--wait: '25h' is not within 1s to 1d" },
		{ "save x --dry-run=yes",
		  "--dry-run: 'yes' is neither true nor false" },
		{ "save x --dry-run=", "--dry-run: '' is neither true nor "
		  "false" },
		{ "save x --form=zap", "--form: 'zap' is none of archive, "
		  "zip\nhint: did you mean 'zip'?" },
		{ "save x --form=qqqqqqq",
		  "--form: 'qqqqqqq' is none of archive, zip" },
		{ "save", "'save' needs NAME..." },
		{ "save a b c", "'save' has no use for 'c'" },
		{ "list a", "'list' has no use for 'a'" },
		{ "list -n 3", "'list' takes no option '--count'" },
		{ "list --dry-run=false",
		  "'list' takes no option '--dry-run'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i][0], cases[i][1]);
}

static void the_file_is_judged_by_place(void **state)
{
	static const struct {
		const char *yaml, *said;
	} cases[] = {
		{ "dri: x\n", ":1:1: unknown key 'dri', did you mean 'dir'?" },
		{ "keep:\n  cuont: 3\n", ":2:3: unknown key 'keep.cuont', did "
		  "you mean 'keep.count'?" },
		{ "keep:\n  qqqqqqqqqqqqq: 3\n",
		  ":2:3: unknown key 'keep.qqqqqqqqqqqqq'" },
		{ "keep: 3\n", ":1:1: 'keep' wants a map" },
		{ "keep: [3]\n", ":1:1: 'keep' wants a map" },
		{ "dir: {a: b}\n", ":1:1: 'dir' wants a value, not a map" },
		{ "dir: [a]\n", ":1:1: 'dir' wants a value, not a list" },
		{ "form: zip\nkeep:\n  count: 11\n", ":3:3: keep.count: '11' "
		  "is not within 1 to 10" },
		{ "deep: yes\n", ":1:1: deep: 'yes' is neither true nor "
		  "false" },
		{ "etcd:\n  limits:\n    wait: soon\n",
		  ":3:5: etcd.limits.wait: not a duration: 'soon' "
		  "(as in 90s, 1h30m, 7d)" },
		{ "- dir\n", ":1:1: the file is no map of keys" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char words[200], want[400];

		yaml(cases[i].yaml);
		(void)snprintf(words, sizeof(words), "save x -c %s", file);
		(void)snprintf(want, sizeof(want), "'%s'%s", file,
		               cases[i].said);
		assert_refused(words, want);
	}
}

static void a_wrong_file_is_told_though_the_line_wins(void **state)
{
	char words[200], want[400];
	struct line l;

	(void)state;
	yaml("keep:\n  count: 99\n");
	(void)snprintf(words, sizeof(words), "save x -n 2 -c %s", file);
	(void)snprintf(want, sizeof(want), "'%s':2:3: keep.count: '99' is not "
	               "within 1 to 10", file);
	assert_refused(words, want);
	/* Keys without a value, and other commands' keys, are fine. */
	yaml("keep:\ndir:\netcd: {user: ~, limits: }\nform: archive\n");
	(void)snprintf(words, sizeof(words), "list -c %s", file);
	parse(&l, words);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.s.dir, "/var/lib/x");
	assert_int_equal(l.s.form, 0);
	done(&l);
	parse(&l, "save x -c /nonexistent/c.yml");
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.e.kind, ERR_MISSING);
	assert_string_equal(l.e.text, "cannot open '/nonexistent/c.yml': No "
	                              "such file or directory");
	done(&l);
}

static void help_and_its_like_need_nothing_else(void **state)
{
	static const char *const cases[] = {
		"--help", "-h", "save --help", "list a b c --help", "--version",
		"--man", "--completion", "save -h --count 3",
	};
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(&l, cases[i]);
		assert_int_equal(l.rc, 0);
		assert_true(l.cli.help || l.cli.version || l.cli.man ||
		            l.cli.completion);
		done(&l);
	}
	assert_refused("--help --count 99",
	               "--count: '99' is not within 1 to 10");
}

static void the_printed_configuration_reads_the_same(void **state)
{
	static const char strange[] = "a \"b\" \\c\t# ü: [x]'";
	struct buf first = BUF_INIT(BUF_MAX_TEXT);
	struct buf second = BUF_INIT(BUF_MAX_TEXT);
	struct line l, again;
	char words[200];

	(void)state;
	parse(&l, "save x -n 8 --wait 1h2m3s4ms --size 5000 --form archive "
	          "--deep=false --dir /a");
	assert_int_equal(l.rc, 0);
	free(l.s.user);
	l.s.user = strdup(strange);
	cli_yaml_print(&program, &l.s, &first);
	assert_string_equal(first.data,
		"dir: \"/a\"\n"
		"etcd:\n"
		"  user: \"a \\\"b\\\" \\\\c\\x09# ü: [x]'\"\n"
		"  limits:\n"
		"    wait: 1h2m3s4ms\n"
		"keep:\n"
		"  count: 8\n"
		"  size: 5000\n"
		"form: archive\n"
		"deep: false\n");
	yaml(first.data);
	(void)snprintf(words, sizeof(words), "save x -c %s", file);
	parse(&again, words);
	assert_int_equal(again.rc, 0);
	assert_string_equal(again.s.user, strange);
	cli_yaml_print(&program, &again.s, &second);
	assert_string_equal(second.data, first.data);
	buf_close(&first);
	buf_close(&second);
	done(&l);
	done(&again);
}

/* ---- what is printed ---- */

/* What `command` prints about the text, its errors included. */
static void assert_fine(const char *command, const struct buf *text)
{
	char cmd[300], path[96], said[512] = "";
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/text", dir);
	put(path, text->data, text->len);
	(void)snprintf(cmd, sizeof(cmd), "%s %s 2>&1", command, path);
	f = popen(cmd, "r");
	assert_non_null(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	assert_int_equal(pclose(f), 0);
	assert_string_equal(said, "");
}

static void the_man_page_is_sound(void **state)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	(void)state;
	cli_man_page(&program, &b);
	assert_memory_equal(b.data, ".TH TEST\\-PROG 8 ", 17);
	assert_non_null(strstr(b.data, "\n\\&.dots and 'quotes'"));
	assert_non_null(strstr(b.data, "Look into \\efiles \\- all"));
	assert_non_null(strstr(b.data, "In the file: \\fBkeep.count\\fR."));
	assert_non_null(strstr(b.data, " For \\fBsave\\fR."));
	assert_non_null(strstr(b.data, ".nf\n.RS\n\\&.verbatim \\eline\n"));
	/* A code that several kinds share is told once. */
	assert_null(strstr(strstr(b.data, "\n\\fB1\\fR\n") + 1,
	                   "\n\\fB1\\fR\n"));
	if (system("command -v groff >/dev/null") == 0)
		assert_fine("groff -ww -z -man -Tutf8", &b);
	else
		print_message("SKIPPED: groff is not installed\n");
	buf_close(&b);
}

static void the_completion_completes(void **state)
{
	static const struct {
		const char *words, *last, *prev, *want;
	} cases[] = {
		{ "test-prog ''", "''", "test-prog", "save list --help "
		  "--version" },
		{ "test-prog sa", "sa", "test-prog", "save" },
		{ "test-prog list --d", "--d", "list", "--dir --deep" },
		{ "test-prog save --d", "--d", "save", "--dir --dry-run "
		  "--deep" },
		{ "test-prog save --form ''", "''", "--form", "archive zip" },
		{ "test-prog save --form z", "z", "--form", "zip" },
		{ "test-prog save --count ''", "''", "--count", "" },
	};
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	(void)state;
	cli_completion_bash(&program, &b);
	assert_fine("bash -n", &b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char cmd[600];

		(void)snprintf(cmd, sizeof(cmd), "bash -c '. %s/text\n"
		               "COMP_WORDS=(%s) COMP_CWORD=$((${#COMP_WORDS[@]}"
		               " - 1))\n_test_prog test-prog %s %s\n"
		               "test \"${COMPREPLY[*]}\" = \"%s\"'", dir,
		               cases[i].words, cases[i].last, cases[i].prev,
		               cases[i].want);
		/* Quotes within quotes: an empty word is "" there. */
		for (char *q = strstr(cmd + 9, "''"); q != NULL;
		     q = strstr(q, "''"))
			q[0] = q[1] = '"';
		if (system(cmd) != 0)
			fail_msg("%s", cmd);
	}
	buf_close(&b);
}

static void help_fits_the_terminal(void **state)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	(void)state;
	cli_help_command(&program, &cmds[0], &b);
	assert_memory_equal(b.data, "usage: test-prog save [OPTION...] "
	                            "NAME...\n\nSave all that is named.\n", 65);
	assert_non_null(strstr(b.data, "\n  -n, --count=N           keep N "
	                               "(default 3)\n"));
	assert_non_null(strstr(b.data, "\n      --form=FORM         write "
	                               "FORM: archive, zip (default zip)\n"));
	assert_non_null(strstr(b.data, "\n  3  data is damaged or differs\n"));
	for (char *p = b.data; *p != '\0'; p += strcspn(p, "\n"), p += *p != 0)
		assert_true(strcspn(p, "\n") <= 80);
	buf_clear(&b);
	cli_help_command(&program, &cmds[1], &b);
	assert_null(strstr(b.data, "--count"));
	buf_clear(&b);
	cli_help_program(&program, &b);
	assert_non_null(strstr(b.data, "\n  save       save things\n"));
	buf_close(&b);
}

/* ---- main ---- */

/* Run cli_main with stdout and stderr into files; returns its code. */
static int main_of(const char *words, char *out, char *err, size_t room)
{
	struct settings s = { 0 };
	char text[200], paths[2][96], *argv[WORDS], *save = NULL;
	int kept[2], code, argc = 0;

	(void)snprintf(text, sizeof(text), "test-prog %s", words);
	for (char *w = strtok_r(text, " ", &save); w != NULL;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%s/%d", dir, i);
		kept[i] = dup(i + 1);
		assert_non_null(freopen(paths[i], "w",
		                        i == 0 ? stdout : stderr));
	}
	code = cli_main(&program, &s, argc, argv);
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		char *to = i == 0 ? out : err;
		FILE *f = fopen(paths[i], "r");
		size_t n = f == NULL ? 0 : fread(to, 1, room - 1, f);

		(void)dup2(kept[i], i + 1);
		(void)close(kept[i]);
		assert_non_null(f);
		to[n] = '\0';
		(void)fclose(f);
	}
	return code;
}

static void main_runs_and_explains(void **state)
{
	char out[8192], err[1024];

	(void)state;
	assert_int_equal(main_of("save a b --dry-run", out, err, 1024), 42);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
	assert_int_equal(main_of("save a -n 0", out, err, 1024), 2);
	assert_string_equal(out, "");
	assert_string_equal(err, "test-prog: --count: '0' is not within 1 to "
	                         "10\nhint: see 'test-prog save --help'\n");
	assert_int_equal(main_of("sav", out, err, 1024), 2);
	assert_string_equal(err, "test-prog: unknown command 'sav', did you "
	                         "mean 'save'?\nhint: see 'test-prog --help'"
	                         "\n");
	assert_int_equal(main_of("save a -c /nonexistent", out, err, 1024), 6);
	assert_int_equal(main_of("--version", out, err, 1024), 0);
	assert_memory_equal(out, "test-prog ", 10);
	assert_int_equal(main_of("save a --print-config", out, err, 1024), 0);
	assert_memory_equal(out, "dir: \"/var/lib/x\"\n", 18);
	assert_int_equal(main_of("--man", out, err, 1024), 0);
	assert_memory_equal(out, ".TH ", 4);
	assert_int_equal(main_of("list --help", out, err, 1024), 0);
	assert_memory_equal(out, "usage: test-prog list", 21);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_then_file_then_line),
		TEST(options_stand_anywhere),
		TEST(says_what_is_wrong),
		TEST(the_file_is_judged_by_place),
		TEST(a_wrong_file_is_told_though_the_line_wins),
		TEST(help_and_its_like_need_nothing_else),
		TEST(the_printed_configuration_reads_the_same),
		TEST(the_man_page_is_sound),
		TEST(the_completion_completes),
		TEST(help_fits_the_terminal),
		TEST(main_runs_and_explains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
