/* log.h - a line for each thing that happened, as text or JSON.
 *
 *	log_event(LOG_INFO, "snapshot", LOG_STR("name", name),
 *	          LOG_U64("revision", revision));
 *
 * A line is one write(2), at most LOG_LINE bytes. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum { LOG_LINE = 4096 };

struct log_field {
	const char *key;
	const char *text;               /* NULL: the number counts */
	int64_t number;
};
#define LOG_STR(k, v) (&(const struct log_field){ .key = (k), .text = (v) })
#define LOG_NUM(k, v) \
	(&(const struct log_field){ .key = (k), .number = (int64_t)(v) })

/* Where to and how; without it: warnings and worse to stderr, as text.  The
 * settings are the process's, the one state that this library keeps. */
void log_open(int fd, enum log_level level, _Bool json);
/* `event` says what happened in a word or two; fields end with NULL. */
void log_fields(enum log_level level, const char *event,
                const struct log_field *const *fields);
#define log_event(level, ...) log_event_(level, __VA_ARGS__, NULL)
#define log_event_(level, event, ...) \
	log_fields(level, event, \
	           (const struct log_field *const[]){ __VA_ARGS__ })

#endif
