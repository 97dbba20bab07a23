/* member.h - what a member of an archive is, by its name, and whether it may
 * be there. */
#ifndef SNAPSHOT_MEMBER_H
#define SNAPSHOT_MEMBER_H

#include "base/err.h"
#include "snapshot/part.h"

/* The largest database that is taken; the others' maxima are buf.h's. */
#define MEMBER_DATABASE_MAX (UINT64_C(128) << 30)

/* Set p->role from p->name.  Names that point out of the archive (absolute, or
 * through `..`) and sizes above the role's maximum are refused (ERR_REFUSED).
 * In a zip the two absolute names that RKE uses are known, with and without
 * their first slash. */
int member_judge(struct part *p, _Bool zip, struct err *e) MUST_USE;

#endif
