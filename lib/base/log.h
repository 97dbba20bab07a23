/* log.h - one line an event, for people or for machines.
 *
 *	log_say(LOG_INFO_LINE, "snapshot", LOG_TEXT("name", name),
 *	        LOG_U64("rev", rev), LOG_MS(NULL, took));
 *
 *	2026-11-23T05:06:07Z info  snapshot name=a rev=12 ms=345
 *	{"time":"2026-11-23T05:06:07Z","level":"info","event":"snapshot",...}
 *
 * A line is one write(2) of at most LOG_LINE_MAX bytes; what does not fit is
 * left out and "truncated=true" says so.  Values from outside are safe: line
 * ends, control characters and bytes that are not UTF-8 come out escaped
 * (U+FFFD in JSON).  Nothing is written before log_init(); a line that cannot
 * be written is lost, and errno stays as it was. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { LOG_LINE_MAX = 4096 };
/* Not LOG_INFO and so on: syslog.h has those. */
enum log_level {
	LOG_DEBUG_LINE, LOG_INFO_LINE, LOG_WARN_LINE, LOG_ERROR_LINE,
};

enum log_type {
	LOG_TYPE_TEXT, LOG_TYPE_U64, LOG_TYPE_I64, LOG_TYPE_MS, LOG_TYPE_BOOL,
};
struct log_field {
	const char *key;
	enum log_type type;
	union {
		const char *text;       /* NULL: "-", null in JSON */
		uint64_t u64;
		int64_t i64;
		_Bool flag;
	} value;
};
#define LOG_FIELD(k, t, member, v) \
	((struct log_field){ .key = (k), .type = (t), .value.member = (v) })
#define LOG_TEXT(key, v) LOG_FIELD(key, LOG_TYPE_TEXT, text, v)
#define LOG_U64(key, v) LOG_FIELD(key, LOG_TYPE_U64, u64, v)
#define LOG_I64(key, v) LOG_FIELD(key, LOG_TYPE_I64, i64, v)
#define LOG_BOOL(key, v) LOG_FIELD(key, LOG_TYPE_BOOL, flag, v)
/* Milliseconds: the key gets "_ms" behind it, or is "ms" when NULL. */
#define LOG_MS(key, v) LOG_FIELD(key, LOG_TYPE_MS, i64, v)

/* Lines of `level` and above go to `fd` (which stays the caller's). */
void log_init(int fd, enum log_level level, _Bool json);
/* "debug", "info", "warn", "error"; else ERR_USAGE. */
int log_parse_level(const char *word, enum log_level *out,
                    struct err *e) MUST_USE;
/* Would a line of `level` be written? */
_Bool log_wants(enum log_level level);
/* `event` and the keys are ours: words without blanks. */
void log_event(enum log_level level, const char *event,
               const struct log_field *fields, size_t n);
/* log_event() with one field or more in place. */
#define log_say(level, event, ...) \
	log_event(level, event, (const struct log_field[]){ __VA_ARGS__ }, \
	          sizeof((const struct log_field[]){ __VA_ARGS__ }) / \
	          sizeof(struct log_field))

#endif
