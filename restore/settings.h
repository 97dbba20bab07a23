/* settings.h - the options of all subcommands. */
#ifndef RESTORE_SETTINGS_H
#define RESTORE_SETTINGS_H

#include <stdint.h>

#include "base/cli.h"

struct settings {
	char *config;                   /* there is no YAML file: NULL */
	char *data_dir, *wal_dir;
	char *name, *initial_cluster, *initial_cluster_token;
	char *initial_advertise_peer_urls;
	char *server_version, *owner;
	uint64_t bump_revision;
	_Bool mark_compacted, compact, clear_alarms, no_digest, json;
};

extern const struct cli_program settings_program;

/* Print `e` as the program's last word, return the exit code. */
int settings_fail(const struct err *e);

#endif
