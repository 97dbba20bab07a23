/* The engine tests the tests: each flaw, put into code that is sound without
 * it, must be found and named. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "torture.h"

enum flaw {
	NONE, NO_SYNC, NO_FOLDER_SYNC, LATE_WRITE, IGNORES, LEAVES, LEAKS,
	LOSES_FD, NO_RETRY, DIES, SILENT, NO_RECOVERY, FICKLE,
	NO_SUBFOLDER_SYNC,
};
static enum flaw flaw;

static int put_all(int fd, const char *p, struct err *e)
{
	for (size_t len = strlen(p); len > 0; ) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR && flaw != NO_RETRY)
			continue;
		if (n < 0 && flaw == IGNORES)
			return 0;
		if (n < 0 && flaw == DIES)
			abort();
		if (n < 0)
			return flaw == SILENT ? -1 : err_sys(e, "cannot write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int name_it(int dirfd, int fd, struct err *e)
{
	if (flaw != NO_SYNC && fsync(fd) < 0)
		return err_sys(e, "cannot sync");
	if (flaw == LATE_WRITE && put_all(fd, "!", e) < 0)
		return -1;
	if (renameat(dirfd, ".a.part", dirfd, "a") < 0)
		return err_sys(e, "cannot rename");
	if (flaw != NO_FOLDER_SYNC && fsync(dirfd) < 0)
		return err_sys(e, "cannot sync the folder");
	return 0;
}

static int save(int dirfd, struct err *e)
{
	int flags = O_RDWR | O_CREAT | (flaw == NO_RECOVERY ? O_EXCL : O_TRUNC);
	int fd = openat(dirfd, ".a.part", flags, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, "cannot create");
	rc = put_all(fd, "some new text", e);
	if (rc == 0)
		rc = name_it(dirfd, fd, e);
	if (rc < 0 && flaw != LEAVES)
		(void)unlinkat(dirfd, ".a.part", 0);
	if (rc == 0 || flaw != LOSES_FD)
		(void)close(fd);
	return rc;
}

static int save_in(const char *dir, struct err *e)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	char *volatile text = malloc(64);
	int rc = -1;

	if (dirfd < 0 || text == NULL ||
	    (flaw == FICKLE && getpid() % 2 == 0 && fsync(dirfd) < 0))
		(void)err_sys(e, "cannot begin");
	else
		rc = save(dirfd, e);
	if (rc == 0 || flaw != LEAKS)
		free(text);
	text = NULL;
	if (dirfd >= 0)
		(void)close(dirfd);
	return rc;              /* NOLINT: one flaw is to leak `text` */
}

static const char *whole(const char *dir, const struct torture_case *c)
{
	_Bool now = torture_holds(dir, "a", flaw == LATE_WRITE ?
	                          "some new text!" : "some new text");

	if (!now && !torture_holds(dir, "a", NULL) && flaw != IGNORES)
		return "a part has the final name";
	if (c->mode != TORTURE_CRASH && strcmp(c->call, "unlinkat") != 0 &&
	    torture_leftovers(dir) > 0)
		return "a part was left";
	return NULL;
}

/* A folder is staged and renamed, and the file in it was synced; was it? */
static int save_folder(const char *dir, struct err *e)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY), sub = -1, rc = -1;

	(void)unlinkat(dirfd, ".d.part/a", 0);
	if ((mkdirat(dirfd, ".d.part", 0700) == 0 || errno == EEXIST) &&
	    (sub = openat(dirfd, ".d.part", O_RDONLY | O_DIRECTORY)) >= 0 &&
	    save(sub, e) == 0 &&
	    (flaw != NO_SUBFOLDER_SYNC ||
	     mkdirat(sub, "late", 0700) == 0 || errno == EEXIST) &&
	    renameat(dirfd, ".d.part", dirfd, "d") == 0 && fsync(dirfd) == 0)
		rc = 0;
	if (rc < 0 && e->kind == ERR_NONE)
		(void)err_sys(e, "cannot save");
	if (sub >= 0)
		(void)close(sub);
	if (dirfd >= 0)
		(void)close(dirfd);
	return rc;
}

static const char *anything(const char *dir, const struct torture_case *c)
{
	(void)dir;
	(void)c;
	return NULL;
}

static const struct {
	enum flaw flaw;
	const char *name, *told;
} cases[] = {
	{ NO_SYNC, "no sync", "was not synced before the renameat to" },
	{ LATE_WRITE, "late write", "was not synced before the renameat to" },
	{ NO_FOLDER_SYNC, "no folder sync",
	  "was not synced after it took a new name" },
	{ NO_SUBFOLDER_SYNC, "no subfolder sync",
	  ".d.part' was not synced before the renameat to" },
	{ IGNORES, "ignored failure",
	  "write '/.a.part' (ENOSPC): claimed success" },
	{ LEAVES, "leftover", "write '/.a.part' (ENOSPC): a part was left" },
#ifdef __SANITIZE_ADDRESS__
	{ LEAKS, "leak", "open '.' (EMFILE): leaked memory" },
#endif
	{ LOSES_FD, "lost descriptor",
	  "write '/.a.part' (ENOSPC): left a descriptor open" },
	{ NO_RETRY, "no retry", "write '/.a.part' (EINTR): failed: cannot "
	  "write: Interrupted system call" },
	{ DIES, "abort", "write '/.a.part' (ENOSPC): killed by signal 6" },
	{ SILENT, "silence",
	  "write '/.a.part' (ENOSPC): failed without saying why" },
	{ NO_RECOVERY, "no recovery", "write '/.a.part' (crash), then a clean "
	  "run: failed: cannot create: File exists" },
	{ FICKLE, "fickle calls", "it does not make the same calls each time" },
};

int main(void)
{
	struct torture t = { .name = "sound", .run = save_in, .check = whole };
	unsigned passed = 0, failed = 0;
	struct torture_result res;

	torture_run(&t, 0, &res);
	passed += res.passed;
	failed += res.failed;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		flaw = cases[i].flaw;
		t.name = cases[i].name;
		t.run = flaw == NO_SUBFOLDER_SYNC ? save_folder : save_in;
		t.check = flaw == NO_SUBFOLDER_SYNC ? anything : whole;
		torture_run(&t, 1, &res);
		if (strstr(res.first, cases[i].told) != NULL) {
			passed++;
			continue;
		}
		failed++;
		(void)printf("FAILED flaw '%s' was not found; told: '%s'\n",
		             t.name, res.first);
	}
	(void)printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
