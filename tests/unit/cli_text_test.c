#include "cli_sample.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_man_page_is_sound),
		TEST(the_completion_completes),
		TEST(help_fits_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
