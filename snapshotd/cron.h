/* cron.h - when a cron expression fires next, in a time zone.
 *
 * Five fields: minute, hour, day of month, month, day of week; each a list of
 * numbers, ranges and steps ("0,30", "8-18", "*" or "8-18" followed by "/2").
 * Months and days have their English names of three letters, 7 is Sunday like
 * 0, and "fri-sun" is a range.  @hourly, @daily (or @midnight), @weekly,
 * @monthly and @yearly (or @annually) stand for whole expressions.  When both
 * day fields are restricted, that is when neither begins with "*", a day needs
 * to match one of them; otherwise it needs to match both (Vixie's rule).
 *
 * A slot is the first moment at which the zone's wall clock shows the wanted
 * minute or a later one.  So a time that daylight saving skips fires at the
 * first moment after the gap, together with the first slot there if that is
 * the same moment, and a time that occurs twice fires on its first occurrence
 * only.  Who wants evenly spaced slots takes UTC.
 *
 * Calls switch TZ while they run (zone.h): one thread only. */
#ifndef SNAPSHOTD_CRON_H
#define SNAPSHOTD_CRON_H

#include <stdint.h>

#include "base/err.h"
#include "zone.h"

enum { CRON_TEXT_MAX = 255 };

struct cron {
	uint64_t minute;                /* bit i: the value i fires */
	uint32_t hour, mday, month, wday;
	_Bool mday_star, wday_star;     /* the field begins with "*" */
	char text[CRON_TEXT_MAX + 1];   /* as it was written */
	char zone[ZONE_NAME_MAX + 1];
};

/* Read `text` for the IANA zone `zone` (NULL or "": UTC).  An error
 * (ERR_USAGE) names the field and the column, counted from 1.  An expression
 * that never fires, like the 31st of February, is an error. */
int cron_parse(struct cron *c, const char *text, const char *zone,
               struct err *e) MUST_USE;
/* The first slot strictly after `after`, in unix seconds.  Fails for times
 * before 1970 or after 9999, and when the zone's file has gone. */
int cron_next(const struct cron *c, int64_t after, int64_t *out,
              struct err *e) MUST_USE;
/* The last slot at or before `at`; ERR_MISSING: none since 1970. */
int cron_last(const struct cron *c, int64_t at, int64_t *out,
              struct err *e) MUST_USE;
/* The longest time between two slots that follow each other, from the last slot
 * at or before `from` (or from `from`) until the first one at or after `until`,
 * in seconds. */
int cron_longest_gap(const struct cron *c, int64_t from, int64_t until,
                     int64_t *out, struct err *e) MUST_USE;

#endif
