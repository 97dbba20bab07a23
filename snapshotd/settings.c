#include "settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "options.h"

volatile sig_atomic_t settings_stop;

static struct {
	int argc;
	char **argv;
} line;

void settings_remember(int argc, char **argv)
{
	line.argc = argc;
	line.argv = argv;
}

/* The lock is on the folder, and monitoring knows the address. */
static int fixed(const struct settings *s, const struct settings *fresh,
                 struct err *e)
{
	if (strcmp(s->dir, fresh->dir) == 0 &&
	    strcmp(s->listen, fresh->listen) == 0)
		return 0;
	return err_set(e, ERR_REFUSED, "'dir' and 'listen' change only with a "
	               "restart");
}

int settings_reload(struct settings *s, struct schedule *schedule,
                    struct err *e)
{
	struct settings fresh, old = *s;
	struct cli cli;

	if (cli_parse(&cli, &options_program, &fresh, line.argc, line.argv,
	              e) < 0 || fixed(s, &fresh, e) < 0 ||
	    settings_schedule(&fresh, schedule, e) < 0) {
		cli_clear(&cli, &fresh);
		return -1;
	}
	*s = fresh;
	cli_clear(&cli, &old);
	return 0;
}

int settings_schedule(const struct settings *s, struct schedule *out,
                      struct err *e)
{
	int64_t every_s = s->interval_hours != 0
	                  ? (int64_t)s->interval_hours * 3600
	                  : s->creation_ms / 1000;
	char node[256];

	*out = (struct schedule)SCHEDULE_INIT;
	out->retries = (int)s->retries;
	if (s->cron != NULL ? schedule_cron(out, s->cron, s->timezone, e) < 0
	                    : schedule_every(out, every_s, e) < 0)
		return -1;
	schedule_spread(out, settings_node(s, node), s->jitter_ms / 1000);
	return 0;
}

const char *settings_node(const struct settings *s, char out[256])
{
	if (s->node != NULL && s->node[0] != '\0')
		return s->node;
	out[0] = '\0';
	(void)gethostname(out, 255);
	out[255] = '\0';
	return out;
}

int settings_password(const struct settings *s, struct buf *password,
                      struct err *e)
{
	if (s->password_file == NULL)
		return 0;
	if (s->user == NULL)
		return err_set(e, ERR_USAGE, "--password-file needs --user");
	return file_read_secret(s->password_file, password, e);
}

/* From cheap to small: zstd's levels.  Above 9 etcd's host would feel it. */
static int level(int compression)
{
	static const int levels[] = { -3, 1, 3, 9 };

	return levels[compression];
}

void settings_take(const struct settings *s, const char *node,
                   const char *password, struct take_options *out)
{
	*out = (struct take_options){
		.etcd = {
			.endpoints = s->endpoints, .ca_file = s->cacert,
			.cert_file = s->cert, .key_file = s->key,
			.user = s->user, .password = password,
			.connect_ms = (unsigned)s->connect_timeout_ms,
			.call_ms = (unsigned)s->call_timeout_ms,
			.slow_ms = (unsigned)s->slow_timeout_ms,
			.idle_ms = (unsigned)s->idle_timeout_ms,
			.stop = &settings_stop,
		},
		.dir = s->dir, .name = s->name, .node = node,
		.format = s->format == 0 ? TAKE_ARCHIVE : TAKE_RKE_ZIP,
		.level = level(s->compression),
		.allow_lower_revision = s->allow_lower_revision,
		.new_cluster = s->new_cluster,
		.config_file = s->cluster_config,
		.state_file = s->cluster_state,
		.reserve_bytes = s->reserve_bytes,
	};
}

void settings_retention(const struct settings *s, int64_t now,
                        struct retain_policy *out)
{
	*out = (struct retain_policy){
		.keep_count = (unsigned)s->keep,
		.hourly = (unsigned)s->keep_hourly,
		.daily = (unsigned)s->keep_daily,
		.weekly = (unsigned)s->keep_weekly,
		.monthly = (unsigned)s->keep_monthly,
		.keep_age_s = s->retention_ms / 1000,
		.min_keep = (unsigned)s->keep_at_least,
		.now = now,
	};
}

int settings_fail(const struct err *e)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "lifeboat-snapshotd: %s\n", e->text);
	return err_exit_code(e->kind);
}
