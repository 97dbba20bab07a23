/* err.h - what went wrong, said once, carried up on the caller's stack.
 *
 * Functions that can fail return 0 or -1 and take a `struct err *e` last; on
 * failure it is filled and the other outputs are untouched.  Nothing here
 * allocates, so running out of memory can be told too.  Messages are lower
 * case, without a full stop, never with a secret; a hint to the user follows
 * on a line of its own that begins with "hint: ". */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* kind, word in --json and logs, exit code, worth retrying, EXIT STATUS text */
#define ERR_KINDS(X) \
	X(ERR_NONE, "ok", 0, 0, "success") \
	X(ERR_SYS, "system", 1, 0, \
	  "the system failed (disk, memory, network)") \
	X(ERR_REMOTE, "remote", 1, 1, "a server failed or did not answer") \
	X(ERR_USAGE, "usage", 2, 0, "wrong usage or configuration") \
	X(ERR_CORRUPT, "damaged", 3, 0, "data is damaged or differs") \
	X(ERR_REFUSED, "refused", 4, 0, "refused: a precondition failed") \
	X(ERR_BUSY, "busy", 5, 0, "held by another run") \
	X(ERR_MISSING, "missing", 6, 0, "not found") \
	X(ERR_STOPPED, "stopped", 1, 0, "ended early by a signal")

enum err_kind {
#define X(kind, word, code, retry, text) kind,
	ERR_KINDS(X)
#undef X
};

struct err {
	enum err_kind kind;
	int sys;                /* errno, when the system failed, else 0 */
	char text[480];
};
#define ERR_INIT { .kind = ERR_NONE }

/* Make a failed call impossible to overlook. */
#define MUST_USE __attribute__((warn_unused_result))

/* Each fills `e` and returns -1, so that `return err_set(...)` is one line. */
__attribute__((format(printf, 3, 4)))
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...);
/* As err_set(ERR_SYS), with ": <strerror(errno)>" appended. */
__attribute__((format(printf, 2, 3)))
int err_sys(struct err *e, const char *fmt, ...);
/* Put "<context>: " before the text that `e` holds. */
__attribute__((format(printf, 2, 3)))
int err_wrap(struct err *e, const char *fmt, ...);
/* Append a line "hint: ..." to the text that `e` holds. */
__attribute__((format(printf, 2, 3)))
int err_hint(struct err *e, const char *fmt, ...);
/* Memory ran out. */
int err_nomem(struct err *e);

/* The process's exit code for `kind`. */
int err_exit_code(enum err_kind kind);
/* The word for `kind` in JSON and logs ("damaged", "refused", ...). */
const char *err_word(enum err_kind kind);
/* May the same call succeed a little later?  True for a remote failure and
 * for a transient errno; never for damage. */
_Bool err_transient(const struct err *e);

#endif
