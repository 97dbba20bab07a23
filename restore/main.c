/* lifeboat-restore: look into snapshots, prove them, and bring clusters back. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "data_dir_cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "data-dir", data_dir_cmd },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	(void)fprintf(stderr, "usage: lifeboat-restore data-dir FILE "
	              "--data-dir DIR [OPTION...]\n");
	return err_exit_code(ERR_USAGE);
}
