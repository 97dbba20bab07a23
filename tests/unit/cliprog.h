/* cliprog.h - a program with an option of each type, for the tests of what
 * comes of its table. */
#ifndef TESTS_UNIT_CLIPROG_H
#define TESTS_UNIT_CLIPROG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"

enum { WORDS = 16 };                    /* on a command line */

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

static inline int run(void *config, int argc, char **argv)
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

static inline int set_up(void **state)
{
	(void)state;
	(void)strcpy(dir, "/tmp/cli-XXXXXX");
	program.config_file = NULL;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(file, sizeof(file), "%s/c.yml", dir);
	return 0;
}

static inline int tear_down(void **state)
{
	char cmd[96];

	(void)state;
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static inline void put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* Split `words`, which is written to, at its blanks; returns how many. */
static inline int split(char *words, char *argv[WORDS])
{
	char *save = NULL;
	int argc = 0;

	for (char *w = strtok_r(words, " ", &save); w != NULL && argc < WORDS;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return argc;
}

#endif
