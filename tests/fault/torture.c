#include "torture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/stage.h"
#include "engine.h"

enum { RUN_SECONDS = 60 };

/* One scenario on the rack. */
struct rack {
	const struct torture *t;
	struct torture_result *res;
	struct engine_shared *shared;
	struct engine_call *calls;      /* as the clean run made them */
	struct torture_case tc;         /* what the check is asked about */
	_Bool quiet;
	char dir[32];
	char why[1024];
};

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

_Noreturn static void child(struct rack *r)
{
	struct engine_shared *s = r->shared;
	struct err e = ERR_INIT;
	unsigned fds;

	(void)alarm(RUN_SECONDS);
	if (r->quiet)
		(void)!freopen("/dev/null", "w", stderr);
	fds = open_fds();
	engine_armed = s;
	s->rc = r->t->run(r->dir, &e);
	engine_armed = NULL;
	s->err = e;
	s->lost_fd = open_fds() != fds;
	s->returned = 1;
	exit(0);                /* here ASan looks for leaks */
}

/* Run the scenario once; returns the child's wait status. */
static int run_once(struct rack *r, unsigned fail_at, int fault)
{
	struct engine_shared *s = r->shared;
	int status = 0;
	pid_t pid;

	s->n = 0;
	s->fail_at = fail_at;
	s->fault = fault;
	s->returned = s->lost_fd = 0;
	s->rc = -1;
	s->err = (struct err)ERR_INIT;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(r);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid < 0 ? -1 : status;
}

static _Bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, word, n) == 0 && (p[n] == ' ' || p[n] == '\0'))
			return 1;
	}
	return 0;
}

static _Bool is_soft(int fault)
{
	return fault == EINTR || fault == TORTURE_SHORT;
}

/* Must the run fail when `c` does? */
static _Bool must_fail(const struct rack *r, const struct engine_call *c)
{
	return c->kind != ENGINE_HINT && c->kind != ENGINE_REMOVE &&
	       !has_word(r->t->may_ignore, c->name);
}

/* Did the child end as it should?  NULL, or the reason why not. */
static const char *judge_end(struct rack *r, enum torture_mode mode, int status)
{
	if (status == -1)
		return "cannot start a process";
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return "did not end in time";
	if (WIFSIGNALED(status)) {
		(void)snprintf(r->why, sizeof(r->why), "killed by signal %d",
		               WTERMSIG(status));
		return r->why;
	}
	if (mode == TORTURE_CRASH && WEXITSTATUS(status) != ENGINE_CRASHED)
		return "never came to this call: it does not make the same "
		       "calls each time";
	if (mode == TORTURE_CRASH)
		return NULL;
	if (!r->shared->returned)
		return "ended early, by exit or by a sanitizer";
	if (status != 0)
		return "leaked memory";
	if (r->shared->lost_fd)
		return "left a descriptor open";
	return NULL;
}

/* Is what it returned believable?  `c` is the call that failed, or NULL. */
static const char *judge_result(struct rack *r, enum torture_mode mode,
                                const struct engine_call *c, int fault)
{
	const struct engine_shared *s = r->shared;

	if (mode == TORTURE_CRASH)
		return NULL;
	if (mode == TORTURE_FAIL &&
	    (s->n <= s->fail_at || s->call[s->fail_at].name != c->name))
		return "came to another call: it does not make the same calls "
		       "each time";
	if (s->rc < 0 && (s->err.kind == ERR_NONE || s->err.text[0] == '\0'))
		return "failed without saying why";
	if (s->rc < 0 && (mode != TORTURE_FAIL || is_soft(fault))) {
		(void)snprintf(r->why, sizeof(r->why), "failed: %s",
		               s->err.text);
		return r->why;
	}
	if (mode == TORTURE_FAIL && s->rc >= 0 && !is_soft(fault) &&
	    must_fail(r, c))
		return "claimed success";
	return NULL;
}

/* A crash keeps the mode of its own run; the clean run after it recovers. */
static const char *judge(struct rack *r, enum torture_mode mode,
                         const struct engine_call *c, int fault, int status)
{
	const char *bad = judge_end(r, mode, status);

	if (bad == NULL)
		bad = judge_result(r, mode, c, fault);
	r->tc = (struct torture_case){
		.mode = mode, .call = c != NULL ? c->name : "", .error = fault,
		.rc = mode == TORTURE_CRASH ? -1 : r->shared->rc,
		.err = r->shared->err,
	};
	if (bad == NULL)
		bad = r->t->check(r->dir, &r->tc);
	return bad;
}

static const char *fault_name(enum torture_mode mode, int fault)
{
	if (mode == TORTURE_CRASH)
		return "crash";
	return fault == TORTURE_SHORT ? "short" : strerrorname_np(fault);
}

/* The file that call `k` worked on, seen from the scenario's folder. */
static const char *where(const struct rack *r, unsigned k)
{
	const char *path = r->calls[k].path;
	size_t n = strlen(r->dir);

	if (strncmp(path, r->dir, n) != 0)
		return path;
	return path[n] == '\0' ? "." : &path[n];
}

static void count(struct rack *r, const char *bad, enum torture_mode mode,
                  unsigned k, int fault, _Bool after)
{
	char text[sizeof(r->res->first)];

	if (bad == NULL) {
		r->res->passed++;
		return;
	}
	r->res->failed++;
	if (mode == TORTURE_CLEAN)
		(void)snprintf(text, sizeof(text), "%s: clean run: %s",
		               r->t->name, bad);
	else
		(void)snprintf(text, sizeof(text),
		               "%s: call %u, %s '%s' (%s)%s: %s", r->t->name,
		               k + 1, r->calls[k].name, where(r, k),
		               fault_name(mode, fault),
		               after ? ", then a clean run" : "", bad);
	if (r->res->failed == 1)
		(void)strcpy(r->res->first, text);
	if (!r->quiet)
		(void)printf("FAILED %s\n", text);
}

static int drop(const char *path, const struct stat *st, int type,
                struct FTW *f)
{
	(void)st;
	(void)type;
	return f->level == 0 ? 0 : remove(path);
}

static _Bool lay_out(struct rack *r)
{
	return nftw(r->dir, drop, 16, FTW_DEPTH | FTW_PHYS) == 0 &&
	       (r->t->prepare == NULL || r->t->prepare(r->dir) == 0);
}

/* Break call `k`, look, then let a clean run put it right, and look again. */
static void break_call(struct rack *r, enum torture_mode mode, unsigned k,
                       int fault)
{
	const struct engine_call *c = &r->calls[k];
	const char *bad = "cannot lay out the folder";

	if (lay_out(r))
		bad = judge(r, mode, c, fault, run_once(r, k, fault));
	count(r, bad, mode, k, fault, 0);
	bad = judge(r, TORTURE_RECOVER, c, fault, run_once(r, UINT_MAX, 0));
	count(r, bad, mode, k, fault, 1);
}

static int clean_run(struct rack *r)
{
	const char *bad = "cannot lay out the folder";

	if (lay_out(r))
		bad = judge(r, TORTURE_CLEAN, NULL, 0,
		            run_once(r, UINT_MAX, 0));
	r->res->calls = r->shared->n;
	if (bad == NULL && r->shared->n > ENGINE_CALLS_MAX)
		bad = "makes too many calls to record";
	if (bad == NULL && !r->t->no_order)
		bad = order_check(r->shared, r->t->all_names);
	count(r, bad, TORTURE_CLEAN, 0, 0, 0);
	if (bad != NULL)
		return -1;
	r->calls = calloc(r->shared->n + 1, sizeof(*r->calls));
	if (r->calls == NULL)
		return -1;
	(void)memcpy(r->calls, r->shared->call,
	             r->shared->n * sizeof(*r->calls));
	return 0;
}

static void break_all(struct rack *r)
{
	unsigned stride = r->t->stride > 0 ? r->t->stride : 1;

	for (unsigned k = 0; k < r->res->calls; k++) {
		const int *f = r->calls[k].faults;

		for (unsigned i = 0; f[i] != 0; i++)
			if ((k + i) % stride == 0)
				break_call(r, TORTURE_FAIL, k, f[i]);
		if (r->calls[k].kind != ENGINE_MEMORY && k % stride == 0)
			break_call(r, TORTURE_CRASH, k, 0);
	}
}

void torture_run(const struct torture *t, _Bool quiet,
                 struct torture_result *out)
{
	struct rack r = { .t = t, .res = out, .quiet = quiet };

	*out = (struct torture_result){ .calls = 0 };
	(void)strcpy(r.dir, "/tmp/torture-XXXXXX");
	r.shared = mmap(NULL, sizeof(*r.shared), PROT_READ | PROT_WRITE,
	                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r.shared == MAP_FAILED || mkdtemp(r.dir) == NULL) {
		perror("torture");
		out->failed++;
		return;
	}
	if (clean_run(&r) == 0)
		break_all(&r);
	free(r.calls);
	(void)nftw(r.dir, drop, 16, FTW_DEPTH | FTW_PHYS);
	(void)rmdir(r.dir);
	(void)munmap(r.shared, sizeof(*r.shared));
}

int torture_main(int argc, char **argv, const struct torture *all, size_t n)
{
	unsigned passed = 0, failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct torture_result res;

		if (argc > 1 && strcmp(argv[1], all[i].name) != 0)
			continue;
		torture_run(&all[i], 0, &res);
		(void)printf("%s: %u calls, %u runs as they should, %u not\n",
		             all[i].name, res.calls, res.passed, res.failed);
		passed += res.passed;
		failed += res.failed;
	}
	(void)printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 || passed == 0;
}

int torture_put(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (f == NULL)
		return -1;
	rc = fputs(text, f);
	return fclose(f) != 0 || rc < 0 ? -1 : 0;
}

_Bool torture_holds(const char *dir, const char *name, const char *text)
{
	size_t want = text != NULL ? strlen(text) : 0;
	char path[512];
	_Bool same = 1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f == NULL || text == NULL) {
		if (f != NULL)
			(void)fclose(f);
		return f == NULL && text == NULL && errno == ENOENT;
	}
	for (size_t i = 0; i < want && same; i++)
		same = fgetc(f) == (unsigned char)text[i];
	same = same && fgetc(f) == EOF;
	(void)fclose(f);
	return same;
}

unsigned torture_leftovers(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	unsigned n = 0;

	if (d == NULL)
		return 0;
	while ((de = readdir(d)) != NULL)
		n += stage_is_leftover(de->d_name);
	(void)closedir(d);
	return n;
}
