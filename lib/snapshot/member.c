#include "snapshot/member.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "snapshot/rkezip_out.h"

static _Bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static _Bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n > m && strcmp(s + n - m, with) == 0;
}

/* RKE's two names, which are absolute; some tools drop the first slash. */
static _Bool rke_role(const char *name, enum part_role *role)
{
	const char *slash = strrchr(name, '/');
	size_t dir = slash == NULL ? 0 : (size_t)(slash - name) + 1;
	size_t skip = name[0] == '/' ? 0 : 1;

	if (slash == NULL || slash[1] == '\0' || strcmp(slash, "/..") == 0)
		return 0;
	if (dir == strlen(RKEZIP_OUT_DATABASE) - skip &&
	    starts(name, &RKEZIP_OUT_DATABASE[skip]))
		*role = PART_DATABASE;
	else if (dir == strlen(RKEZIP_OUT_STATE) - skip &&
	         starts(name, &RKEZIP_OUT_STATE[skip]) &&
	         ends(name, RKEZIP_OUT_STATE_SUFFIX))
		*role = PART_STATE;
	else
		return 0;
	return 1;
}

static _Bool unsafe(const char *name)
{
	if (name[0] == '/' || strcmp(name, "..") == 0 || starts(name, "../"))
		return 1;
	return strstr(name, "/../") != NULL || ends(name, "/..");
}

static enum part_role role_of(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash == NULL ? name : slash + 1;

	if (strcmp(base, PART_NAME_DATABASE) == 0)
		return PART_DATABASE;
	if (strcmp(base, PART_NAME_CONFIG) == 0)
		return PART_CONFIG;
	if (strcmp(base, PART_NAME_STATE) == 0)
		return PART_STATE;
	if (strcmp(base, PART_NAME_MANIFEST) == 0)
		return PART_MANIFEST;
	return PART_OTHER;
}

static uint64_t max_of(enum part_role role)
{
	switch (role) {
	case PART_DATABASE:
		return MEMBER_DATABASE_MAX;
	case PART_CONFIG:
		return BUF_MAX_CONFIG;
	case PART_MANIFEST:
		return BUF_MAX_TEXT;
	default:
		return BUF_MAX_STATE;
	}
}

int member_judge(struct part *p, _Bool zip, struct err *e)
{
	if (!zip || !rke_role(p->name, &p->role)) {
		if (unsafe(p->name))
			return err_set(e, ERR_REFUSED, "member '%.200s' points "
			               "out of the archive", p->name);
		p->role = role_of(p->name);
	}
	if (p->size > max_of(p->role))
		return err_set(e, ERR_REFUSED, "member '%.200s' is larger than "
		               "%" PRIu64 " bytes", p->name, max_of(p->role));
	return 0;
}
