/* torture.h - break a piece of code at each system call it makes, in turn.
 *
 * A scenario is run in a child process of its own, again and again, in an empty
 * temporary folder:
 *
 *   clean    once, to count its calls and to record their order;
 *   fail     once for each call and each way that it can fail (ENOSPC, EIO,
 *            a short write, EINTR, no memory, ...), then a clean run in the
 *            same folder, which must recover;
 *   crash    once for each call, with the process ending there and then as if
 *            killed, then a clean run in the same folder.
 *
 * After each run the engine demands by itself:
 *   - a clean run and one with only EINTR or a short read or write succeed;
 *   - a run whose write, sync or rename failed does not claim success;
 *   - a failed run says why: a kind and a text in its `struct err`;
 *   - no descriptor is left open, nothing leaked (when built with ASan), no
 *     signal or sanitizer ended the child, and it ends within a minute;
 *   - in the clean run, every file that was renamed (or linked) into place was
 *     synced after its last write and before, and the folder that took the name
 *     was synced after.  A killed process is no power cut: this order is what
 *     stands for one.
 * What the folder must look like is the scenario's own `check`.
 *
 * A test file holds a table of `struct torture` and a main of one line, see
 * stage_fault.c.  tests/fault/NAME_fault.c is picked up by `make fault`.
 *
 * Reached are calls from our own objects only, wrapped by the linker (wrap.c
 * names them); what libc or another library calls inside is out of reach, so
 * stdio's writes are not seen.  One thread; the scenario makes the same calls
 * each time (no random names or clocks that change the number of calls). */
#ifndef FAULT_TORTURE_H
#define FAULT_TORTURE_H

#include <stddef.h>

#include "base/err.h"

enum torture_mode {
	TORTURE_CLEAN,          /* nothing failed, in a fresh folder */
	TORTURE_FAIL,           /* one call failed */
	TORTURE_CRASH,          /* the process ended in place of one call */
	TORTURE_RECOVER,        /* nothing failed, after a FAIL or a CRASH */
};

/* What a check is asked about. */
struct torture_case {
	enum torture_mode mode;
	const char *call;       /* "write": the call that failed, else "" */
	int error;              /* its errno, or TORTURE_SHORT */
	int rc;                 /* what the scenario returned; -1 on a crash */
	struct err err;         /* what it said */
};
enum { TORTURE_SHORT = -1 };    /* a short read or write, in `error` */

struct torture {
	const char *name;
	/* Lay out the state before a FAIL, CRASH or CLEAN run in `dir`, which
	 * is empty.  May be NULL.  0, or -1. */
	int (*prepare)(const char *dir);
	/* The code under test.  Frees whatever it got, also when it fails. */
	int (*run)(const char *dir, struct err *e);
	/* Is `dir` as promised?  NULL when it is, else a short reason. */
	const char *(*check)(const char *dir, const struct torture_case *c);
	/* Calls that may fail without the run failing, beyond close, unlink,
	 * unlinkat and hints (sync_file_range, fallocate); words separated by
	 * spaces, NULL for none. */
	const char *may_ignore;
	/* Try only every n-th failing call; 0 and 1 try them all.  For long
	 * scenarios: the calls tried move on by one with every kind. */
	unsigned stride;
	_Bool no_order;         /* skip the check of the order of calls */
	/* Demand that a folder is synced also after names in it were made or
	 * removed, not only after it took a name by a rename or link. */
	_Bool all_names;
};

/* What a run of one scenario came to. */
struct torture_result {
	unsigned calls;         /* counted in the clean run */
	unsigned passed, failed;        /* runs */
	char first[512];        /* the first failure, as printed */
};

/* Torture `t`; print its failures to stdout unless `quiet`. */
void torture_run(const struct torture *t, _Bool quiet,
                 struct torture_result *out);
/* Torture them all and print "N passed, N failed" last.  Returns what main
 * returns.  With an argument, only the scenario of that name. */
int torture_main(int argc, char **argv, const struct torture *all, size_t n);

/* ---- helpers for prepare and check */

/* Write `text` to `dir`/`name`.  0, or -1. */
int torture_put(const char *dir, const char *name, const char *text);
/* Does `dir`/`name` hold exactly `text`?  A NULL text: does it not exist? */
_Bool torture_holds(const char *dir, const char *name, const char *text);
/* How many names in `dir` (not below) are leftovers of a stage, ".x.part". */
unsigned torture_leftovers(const char *dir);

#endif
