/* lifeboat-restore: look into snapshots, prove them, and bring clusters back. */
#include "settings.h"

int main(int argc, char **argv)
{
	struct settings settings;

	return cli_main(&settings_program, &settings, argc, argv);
}
