#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cli_yaml.h"
#include "cliprog.h"

static void yaml(const char *text)
{
	put(file, text, strlen(text));
}

/* ---- a line of words, split at blanks ---- */

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
	int argc;

	(void)snprintf(l->text, sizeof(l->text), "test-prog %s", words);
	argc = split(l->text, l->argv);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
