/* lifeboat-snapshotd: rolling snapshots of a live etcd. */
#include <signal.h>

#include "options.h"
#include "settings.h"

static void on_stop(int sig)
{
	(void)sig;
	settings_stop = 1;
}

int main(int argc, char **argv)
{
	const struct sigaction stop = { .sa_handler = on_stop };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct settings settings;

	(void)sigaction(SIGTERM, &stop, NULL);
	(void)sigaction(SIGINT, &stop, NULL);
	/* A full disk, a limit or a reader that left is an error to tell, and
	 * an unfinished file to remove, not a death. */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	settings_remember(argc, argv);
	return cli_main(&options_program, &settings, argc, argv);
}
