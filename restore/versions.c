#include "versions.h"

#include <stdio.h>

/* The servers that a restored folder was started with. */
enum { OLDEST = 304, NEWEST = 307 };

/* major * 100 + minor of "3.5" or "3.5.16"; 0 when it is none. */
static unsigned parse(const char *text)
{
	unsigned major, minor, patch;
	char rest;
	int n = sscanf(text, "%2u.%2u.%4u%c", &major, &minor, &patch, &rest);

	if (n == 3)
		return major * 100 + minor;
	n = sscanf(text, "%2u.%2u%c", &major, &minor, &rest);
	return n == 2 ? major * 100 + minor : 0;
}

int versions_judge(const char *storage, const char *cluster,
                   const char *server, char *text, struct err *e)
{
	unsigned from = parse(storage), to;

	if (storage[0] != '\0' && (from == 0 || from > NEWEST))
		return err_set(e, ERR_REFUSED, "the database has storage "
		               "version '%s'; 3.%d is the latest that is known "
		               "here", storage, NEWEST % 100);
	if (server == NULL)
		return 0;
	to = parse(server);
	if (to == 0)
		return err_set(e, ERR_USAGE, "'%s' is not a version like 3.5 "
		               "or 3.5.16", server);
	if (to < OLDEST)
		return err_set(e, ERR_REFUSED, "etcd %s cannot start from what "
		               "a restore makes; 3.%d and later can", server,
		               OLDEST % 100);
	if (from == 0)
		from = parse(cluster);
	if (from > to)
		(void)snprintf(text, VERSIONS_TEXT, "the snapshot is of etcd "
		               "%u.%u, the server is older (%s): it will "
		               "start, but etcd does not support the way back",
		               from / 100, from % 100, server);
	else if (to > NEWEST)
		(void)snprintf(text, VERSIONS_TEXT, "etcd %s is newer than any "
		               "that was tried with this program", server);
	return 0;
}
