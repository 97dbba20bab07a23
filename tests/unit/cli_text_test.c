#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cli_completion.h"
#include "base/cli_help.h"
#include "base/cli_man.h"
#include "cliprog.h"

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
	char text[200], paths[2][96], *argv[WORDS];
	int kept[2], code, argc;

	(void)snprintf(text, sizeof(text), "test-prog %s", words);
	argc = split(text, argv);
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
		TEST(the_man_page_is_sound),
		TEST(the_completion_completes),
		TEST(help_fits_the_terminal),
		TEST(main_runs_and_explains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
