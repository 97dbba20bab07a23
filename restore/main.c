/* lifeboat-restore: bring etcd back from snapshots. */
#include "settings.h"

int main(int argc, char **argv)
{
	struct settings settings;

	return cli_main(&settings_program, &settings, argc, argv);
}
