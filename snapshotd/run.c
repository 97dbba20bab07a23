#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/version.h"
#include "folder_work.h"
#include "job.h"
#include "metrics.h"
#include "net/httpd.h"
#include "settings.h"
#include "watch.h"

enum {
	LOOK_MS = 60000,                /* at the clock, at least so often */
	END_MS = 20000,                 /* for a snapshot to be abandoned */
	GRACE_S = 900,                  /* for the first snapshot */
};

struct run {
	struct settings *s;
	struct schedule schedule;
	struct schedule_state state;
	struct schedule_plan plan;      /* as it was logged last */
	_Bool planned;
	struct lock lock;
	struct notify notify;
	struct httpd *httpd;            /* NULL: off */
	struct metrics metrics;
	struct job job;
	int64_t job_begun_ms;
	int signals;                    /* signalfd */
	_Bool now;                      /* a snapshot was asked for */
	_Bool end;
	char node[256];
};

static void log_err(enum log_level level, const char *event,
                    const struct err *e)
{
	log_say(level, event, LOG_TEXT("cause", err_word(e->kind)),
	          LOG_TEXT("error", e->text));
}

/* ---- the folder ---- */

static int read_folder(struct run *r, struct err *e)
{
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;

	if (folder_work_open(r->s, &store, &list, e) < 0)
		return -1;
	watch_folder(&r->metrics, r->s, &list);
	if (r->state.good.wall == 0)
		r->state.good.wall = watch_newest(&list);
	catalog_clear(&list);
	store_close(store);
	return 0;
}

static int prune(struct run *r, struct err *e)
{
	struct lock lock = LOCK_INIT;
	struct store *store = NULL;
	struct catalog list = CATALOG_INIT;
	struct folder_work_plan plan = { .count = 0 };
	int rc = -1;

	if (lock_take(&lock, r->s->dir, FOLDER_WORK_PRUNE, e) < 0)
		return -1;
	if (folder_work_open(r->s, &store, &list, e) == 0 &&
	    folder_work_plan(r->s, &list, &plan, e) == 0)
		rc = folder_work_prune(store, &plan, e);
	for (size_t i = 0; rc == 0 && i < plan.count; i++)
		if (!plan.entries[i].keep)
			log_say(LOG_INFO_LINE, "pruned",
			          LOG_TEXT("name", plan.entries[i].name),
			          LOG_TEXT("reason", plan.entries[i].reason));
	if (rc == 0)
		r->metrics.pruned += plan.sum.deleted;
	folder_work_plan_clear(&plan);
	catalog_clear(&list);
	store_close(store);
	lock_drop(&lock);
	return rc;
}

/* ---- snapshots ---- */

static void tell_plan(struct run *r, const struct schedule_plan *p)
{
	char at[CLOCK_TEXT], text[128];

	clock_format_utc(p->at * CLOCK_NS, at);
	r->metrics.next_at = p->at;
	if (r->planned && p->at == r->plan.at && p->reason == r->plan.reason)
		return;
	r->plan = *p;
	r->planned = 1;
	log_say(LOG_INFO_LINE, "next", LOG_TEXT("at", at),
	          LOG_TEXT("reason", schedule_word(p->reason)),
	          LOG_TEXT("why", p->why));
	(void)snprintf(text, sizeof(text), "next snapshot at %s", at);
	(void)notify_status(&r->notify, text, &(struct err)ERR_INIT);
}

/* Milliseconds until a snapshot is due; 0 when it is. */
static int64_t due_ms(struct run *r)
{
	struct schedule_plan p;
	struct err e = ERR_INIT;

	r->state.now = watch_now();
	if (schedule_next(&r->schedule, &r->state, &p, &e) < 0) {
		log_err(LOG_ERROR_LINE, "schedule", &e);
		return LOOK_MS;
	}
	tell_plan(r, &p);
	return r->now ? 0 : p.wait_s * 1000;
}

/* What the child must not share with us. */
static void in_child(void *arg)
{
	struct run *r = arg;

	if (r->httpd != NULL)
		httpd_abandon(r->httpd);
	notify_close(&r->notify);
	lock_forget(&r->lock);
	(void)close(r->signals);
}

static void begin_snapshot(struct run *r)
{
	struct err e = ERR_INIT;
	enum manifest_trigger trigger = r->now ? MANIFEST_MANUAL
	                                       : MANIFEST_SCHEDULED;

	r->now = 0;
	r->job_begun_ms = clock_monotonic_ms();
	if (job_start(&r->job, r->s, trigger, in_child, r, &e) == 0)
		return;
	log_err(LOG_ERROR_LINE, "snapshot-failed", &e);
	r->state.failures++;
	r->state.attempt = watch_now();
}

static void log_warnings(char *lines)
{
	char *at = strtok(lines, "\n");

	for (; at != NULL; at = strtok(NULL, "\n"))
		log_say(LOG_WARN_LINE, "warning", LOG_TEXT("text", at));
}

static void log_result(const struct job_result *res, int64_t ms)
{
	if (!res->ok) {
		log_say(LOG_ERROR_LINE, "snapshot-failed",
		          LOG_TEXT("cause", err_word(res->err.kind)),
		          LOG_TEXT("error", res->err.text), LOG_MS(NULL, ms));
		return;
	}
	log_say(res->verdict == MANIFEST_DIVERGED ? LOG_ERROR_LINE
	        : LOG_INFO_LINE, "snapshot", LOG_TEXT("name", res->file),
	          LOG_TEXT("verdict", manifest_verdict_word(res->verdict)),
	          LOG_U64("rev", res->revision),
	          LOG_U64("bytes", res->file_bytes), LOG_MS(NULL, ms));
}

static void end_snapshot(struct run *r)
{
	struct job_result res;
	struct err e = ERR_INIT;
	int64_t ms = clock_monotonic_ms() - r->job_begun_ms;

	job_finish(&r->job, &res);
	log_warnings(res.warnings);
	log_result(&res, ms);
	watch_job(&r->metrics, &res, (double)ms / 1000);
	r->state.attempt = watch_now();
	r->state.failures = res.ok ? 0 : r->state.failures + 1;
	if (res.ok)
		r->state.good = r->state.attempt;
	/* Nothing goes before something proven has taken its place. */
	if (res.ok && res.verdict == MANIFEST_VERIFIED && prune(r, &e) < 0)
		log_err(LOG_WARN_LINE, "prune-failed", &e);
	if (read_folder(r, &e) < 0)
		log_err(LOG_WARN_LINE, "list-failed", &e);
}

/* ---- signals ---- */

static void reload(struct run *r)
{
	struct schedule schedule;
	struct err e = ERR_INIT;

	(void)notify_reloading(&r->notify, &e);
	if (settings_reload(r->s, &schedule, &e) < 0) {
		log_err(LOG_ERROR_LINE, "reload-failed", &e);
	} else {
		r->schedule = schedule;
		/* The old texts are gone, and so is the old limit. */
		r->metrics.node = settings_node(r->s, r->node);
		r->metrics.dir = r->s->dir;
		if (schedule_allows_age(&schedule, watch_now().wall,
		                        &r->metrics.max_age_s, &e) < 0)
			log_err(LOG_ERROR_LINE, "schedule", &e);
		log_init(2, (enum log_level)r->s->log_level,
		         r->s->log_format == 1);
		log_say(LOG_INFO_LINE, "reloaded", LOG_TEXT("dir", r->s->dir));
	}
	(void)notify_ready(&r->notify, NULL, &e);
}

static void take_signal(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGHUP:
		reload(r);
		break;
	case SIGUSR1:
		r->now = 1;
		break;
	default:
		log_say(LOG_INFO_LINE, "ending", LOG_TEXT("signal",
		          info.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM"));
		r->end = 1;
	}
}

/* ---- the loop ---- */

static int wait_ms(struct run *r)
{
	int64_t ms = LOOK_MS;
	int httpd = r->httpd != NULL ? httpd_timeout_ms(r->httpd) : -1;

	if (r->job.pid == 0) {
		int64_t due = due_ms(r);

		if (due == 0)
			begin_snapshot(r);
		else if (due < ms)
			ms = due;
	}
	if (r->notify.watchdog_ms > 0 && r->notify.watchdog_ms / 2 < ms)
		ms = r->notify.watchdog_ms / 2;
	if (httpd >= 0 && httpd < ms)
		ms = httpd;
	return (int)ms;
}

static void loop(struct run *r)
{
	while (!r->end) {
		int ms = wait_ms(r);
		struct pollfd fds[] = {
			{ .fd = r->signals, .events = POLLIN },
			{ .fd = r->job.pipe, .events = POLLIN },
			{ .fd = r->httpd != NULL ? httpd_fd(r->httpd) : -1,
			  .events = POLLIN },
		};

		if (poll(fds, 3, ms) < 0 && errno != EINTR)
			return;
		(void)notify_watchdog(&r->notify, &(struct err)ERR_INIT);
		if (fds[0].revents != 0)
			take_signal(r);
		if (fds[1].revents != 0)
			end_snapshot(r);
		if (r->httpd != NULL) {
			watch_refresh(&r->metrics);
			httpd_run(r->httpd);
		}
	}
}

/* ---- from start to end ---- */

static int open_signals(struct run *r, struct err *e)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, "cannot block signals");
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? err_sys(e, "cannot wait for signals") : 0;
}

static int open_metrics(struct run *r, struct err *e)
{
	struct metrics *m = &r->metrics;

	m->node = settings_node(r->s, r->node);
	m->dir = r->s->dir;
	m->now = m->started = watch_now();
	m->grace_s = GRACE_S;
	if (schedule_allows_age(&r->schedule, m->now.wall, &m->max_age_s,
	                        e) < 0)
		return -1;
	if (strcmp(r->s->listen, "off") == 0)
		return 0;
	return httpd_open(&r->httpd, r->s->listen, metrics_routes, m, e);
}

static void tell_start(struct run *r)
{
	struct buf when = BUF_INIT(BUF_MAX_LINE);
	struct err e = ERR_INIT;

	schedule_print(&r->schedule, &when);
	log_say(LOG_INFO_LINE, "started", LOG_TEXT("version", LIFEBOAT_VERSION),
	          LOG_TEXT("dir", r->s->dir),
	          LOG_TEXT("endpoints", r->s->endpoints),
	          LOG_TEXT("schedule", when.data == NULL ? "" : when.data),
	          LOG_TEXT("listen", r->httpd == NULL ? "off"
	                  : httpd_address(r->httpd)));
	buf_close(&when);
	if (notify_ready(&r->notify, "started", &e) < 0)
		log_err(LOG_WARN_LINE, "notify-failed", &e);
}

static int start(struct run *r, struct err *e)
{
	log_init(2, (enum log_level)r->s->log_level, r->s->log_format == 1);
	if (notify_open(&r->notify, e) < 0)
		log_err(LOG_WARN_LINE, "notify-failed", e);
	if (settings_schedule(r->s, &r->schedule, e) < 0 ||
	    lock_take(&r->lock, r->s->dir, FOLDER_WORK_DAEMON, e) < 0 ||
	    open_signals(r, e) < 0 || open_metrics(r, e) < 0)
		return -1;
	return read_folder(r, e);
}

int run_run(void *config, int argc, char **argv)
{
	struct run r = {
		.s = config, .lock = LOCK_INIT, .notify = NOTIFY_INIT,
		.job = JOB_INIT, .signals = -1,
		.state = { .good = SCHEDULE_NEVER, .attempt = SCHEDULE_NEVER },
	};
	struct err e = ERR_INIT;
	int rc = start(&r, &e);

	(void)argc;
	(void)argv;
	if (rc == 0) {
		tell_start(&r);
		loop(&r);
		(void)notify_stopping(&r.notify, &e);
		job_stop(&r.job, END_MS);
		log_say(LOG_INFO_LINE, "ended", LOG_I64("pid", getpid()));
	}
	httpd_close(r.httpd);
	notify_close(&r.notify);
	lock_drop(&r.lock);
	if (r.signals >= 0)
		(void)close(r.signals);
	return rc == 0 ? 0 : settings_fail(&e);
}
