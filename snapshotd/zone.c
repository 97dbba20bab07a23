#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ZONE_DIR "/usr/share/zoneinfo/"
#define ZONE_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789_+-/"

/* Wall clocks differ from UTC by less, and change at most once meanwhile. */
#define OFFSET_MAX ((int64_t)26 * 3600)

static _Bool is_utc(const char *zone)
{
	return strcmp(zone, "UTC") == 0;
}

int zone_check(const char *zone, struct err *e)
{
	char path[sizeof(ZONE_DIR) + ZONE_NAME_MAX], magic[4] = "";
	struct stat st;
	FILE *f;
	_Bool ok;

	if (is_utc(zone))
		return 0;
	/* No dot is allowed, hence no "..". */
	if (strlen(zone) > ZONE_NAME_MAX || zone[0] == '/' ||
	    zone[strspn(zone, ZONE_CHARS)] != '\0')
		return err_set(e, ERR_USAGE, "not a time zone name: '%.64s'",
		               zone);
	(void)snprintf(path, sizeof(path), ZONE_DIR "%s", zone);
	ok = stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	     (f = fopen(path, "re")) != NULL;
	if (ok) {
		ok = fread(magic, 1, 4, f) == 4 && !memcmp(magic, "TZif", 4);
		(void)fclose(f);
	}
	if (!ok)
		return err_set(e, ERR_USAGE, "unknown time zone '%s'\n"
		               "hint: a name below " ZONE_DIR
		               " such as Europe/Berlin, or UTC", zone);
	return 0;
}

int zone_enter(struct zone *z, const char *name, struct err *e)
{
	char tz[sizeof(":" ZONE_DIR) + ZONE_NAME_MAX];
	const char *old = getenv("TZ");

	if (is_utc(name))
		return 0;
	if (zone_check(name, e) < 0)
		return -1;
	z->had = old != NULL;
	if (z->had && (z->saved = strdup(old)) == NULL)
		return err_nomem(e);
	(void)snprintf(tz, sizeof(tz), ":" ZONE_DIR "%s", name);
	if (setenv("TZ", tz, 1) < 0) {
		free(z->saved);
		z->saved = NULL;
		return err_nomem(e);
	}
	tzset();
	z->on = 1;
	return 0;
}

void zone_leave(struct zone *z)
{
	if (!z->on)
		return;
	if (z->had)
		(void)setenv("TZ", z->saved, 1);
	else
		(void)unsetenv("TZ");
	tzset();
	free(z->saved);
	*z = (struct zone)ZONE_INIT;
}

int64_t zone_wall(const struct zone *z, int64_t t)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (!z->on || localtime_r(&tt, &tm) == NULL)
		return t;
	return t + tm.tm_gmtoff;
}

int64_t zone_moment(const struct zone *z, int64_t shown)
{
	int64_t lo = shown - OFFSET_MAX, hi = shown + OFFSET_MAX;
	int64_t before = zone_wall(z, lo) - lo, after = zone_wall(z, hi) - hi;
	int64_t early = shown - (before > after ? before : after);
	int64_t late = shown - (before > after ? after : before), mid;

	if (zone_wall(z, early) == shown)
		return early;
	if (zone_wall(z, late) == shown)
		return late;
	while (lo + 1 < hi) {           /* skipped: find the clock's jump */
		mid = lo + (hi - lo) / 2;
		if (zone_wall(z, mid) - mid == before)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}
