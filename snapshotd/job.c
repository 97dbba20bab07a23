#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "folder_work.h"

static void fill(struct job_result *out, const struct take_result *r)
{
	const struct manifest *m = &r->manifest;
	size_t len = 0;

	out->ok = 1;
	out->verdict = m->verdict;
	out->revision = m->revision;
	out->file_bytes = r->file_bytes;
	out->duration_ms = m->duration_ms;
	(void)snprintf(out->file, sizeof(out->file), "%s", r->file);
	for (size_t i = 0; i < m->member_count; i++)
		out->different += m->members[i].result == MANIFEST_DIFFERENT;
	for (size_t i = 0; i < m->warning_count; i++)
		if (len < sizeof(out->warnings))
			len += (size_t)snprintf(out->warnings + len,
			        sizeof(out->warnings) - len, "%s\n",
			        m->warnings[i]);
	for (size_t i = 0; i < m->member_count; i++)
		if (m->members[i].result != MANIFEST_EQUAL &&
		    len < sizeof(out->warnings))
			len += (size_t)snprintf(out->warnings + len,
			        sizeof(out->warnings) - len, "member %s: %s\n",
			        m->members[i].name, m->members[i].reason);
}

static void work(const struct settings *s, enum manifest_trigger trigger,
                 struct job_result *out)
{
	struct take_result r = TAKE_RESULT_INIT;
	struct buf password = BUF_INIT(BUF_MAX_LINE);
	struct take_options o;
	char node[256];

	if (settings_password(s, &password, &out->err) == 0) {
		settings_take(s, settings_node(s, node), password.data, &o);
		o.trigger = trigger;
		if (folder_work_save(s, &o, &r, &out->err) == 0)
			fill(out, &r);
	}
	file_wipe(&password);
	take_clear(&r);
}

/* The daemon reads signals from a descriptor; here they have to come. */
static void take_signals(pid_t parent)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		settings_stop = 1;
}

int job_start(struct job *j, const struct settings *s,
              enum manifest_trigger trigger, void (*in_child)(void *arg),
              void *arg, struct err *e)
{
	struct job_result result = { .err = ERR_INIT };
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		(void)err_sys(e, "cannot start a process");
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		take_signals(parent);
		in_child(arg);
		work(s, trigger, &result);
		/* One write below PIPE_BUF arrives whole or not at all. */
		_Static_assert(sizeof(result) <= 4096, "within PIPE_BUF");
		if (write(ends[1], &result, sizeof(result)) < 0)
			_exit(1);
		_exit(0);
	}
	(void)close(ends[1]);
	j->pid = pid;
	j->pipe = ends[0];
	return 0;
}

static void tell_death(int status, struct err *e)
{
	if (WIFSIGNALED(status))
		(void)err_set(e, ERR_SYS, "the snapshot's process was killed "
		              "by signal %d", WTERMSIG(status));
	else
		(void)err_set(e, ERR_SYS, "the snapshot's process ended with "
		              "code %d and no word", WEXITSTATUS(status));
}

void job_finish(struct job *j, struct job_result *out)
{
	int status = 0;
	ssize_t n = read(j->pipe, out, sizeof(*out));

	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (n != (ssize_t)sizeof(*out)) {
		*out = (struct job_result){ .err = ERR_INIT };
		tell_death(status, &out->err);
	}
	(void)close(j->pipe);
	*j = (struct job)JOB_INIT;
}

void job_stop(struct job *j, int wait_ms)
{
	const struct timespec tick = { .tv_nsec = 20 * 1000000L };

	if (j->pid == 0)
		return;
	(void)kill(j->pid, SIGTERM);
	for (; wait_ms > 0; wait_ms -= 20) {
		if (waitpid(j->pid, NULL, WNOHANG) == j->pid)
			goto gone;
		(void)nanosleep(&tick, NULL);
	}
	(void)kill(j->pid, SIGKILL);
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
gone:
	(void)close(j->pipe);
	*j = (struct job)JOB_INIT;
}
