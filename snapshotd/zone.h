/* zone.h - what the wall clock of an IANA time zone shows.
 *
 * The C library knows zones only through TZ.  zone_enter() sets it and
 * zone_leave() puts it back: use the pair within one function, from the only
 * thread.  UTC touches nothing and needs no zone files. */
#ifndef SNAPSHOTD_ZONE_H
#define SNAPSHOTD_ZONE_H

#include <stdint.h>

#include "base/err.h"

enum { ZONE_NAME_MAX = 63 };

struct zone {
	_Bool on;               /* TZ is ours now */
	_Bool had;              /* the process had a TZ, it is in `saved` */
	char *saved;
};
#define ZONE_INIT { .on = 0 }

/* Is `zone` "UTC" or the file of a zone below /usr/share/zoneinfo?  ERR_USAGE
 * if not. */
int zone_check(const char *zone, struct err *e) MUST_USE;
/* Make zone_wall() and zone_moment() speak of `name`.  On success end with
 * zone_leave(). */
int zone_enter(struct zone *z, const char *name, struct err *e) MUST_USE;
void zone_leave(struct zone *z);

/* What the wall clock shows at `t`, as seconds counted as if it were UTC. */
int64_t zone_wall(const struct zone *z, int64_t t);
/* The first moment at which the wall clock shows `shown` or more.  It never
 * runs backwards as `shown` grows. */
int64_t zone_moment(const struct zone *z, int64_t shown);

#endif
