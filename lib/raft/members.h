/* members.h - the members that a new cluster begins with, and their ids.
 *
 * Parsed from what etcd calls --initial-cluster, by etcd's rules (etcd-formats,
 * "snapshot restore"): a URL is scheme and host:port and nothing more, kept as
 * it is but for the case of the scheme.  Host names are never looked up.
 * The ids follow from URLs and token alone; names do not enter. */
#ifndef RAFT_MEMBERS_H
#define RAFT_MEMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	MEMBERS_MAX = 64,
	MEMBERS_URLS = 8,               /* of a member */
	MEMBERS_URL_LEN = 255, MEMBERS_NAME_LEN = 255,
	MEMBERS_TEXT_MAX = 64 << 10,    /* of an initial cluster */
	MEMBERS_JSON_MAX = 8 << 10,
};

struct members_one {
	char name[MEMBERS_NAME_LEN + 1];
	char urls[MEMBERS_URLS][MEMBERS_URL_LEN + 1];   /* sorted */
	size_t n_urls;
	uint64_t id;
};

struct members {
	struct members_one *list;       /* in order of their ids */
	size_t n;
	uint64_t cluster_id;
};
#define MEMBERS_INIT { .list = NULL }

/* ERR_USAGE says which part of `initial_cluster` is wrong.  On success free
 * with members_close(). */
int members_parse(struct members *m, const char *initial_cluster,
                  const char *token, struct err *e) MUST_USE;
/* The member `name`, whose URLs must be those of `peer_urls` (a comma list):
 * the checks that etcd makes of its own flags. */
int members_self(const struct members *m, const char *name,
                 const char *peer_urls, const struct members_one **out,
                 struct err *e) MUST_USE;
void members_close(struct members *m);

/* Append what etcd keeps of a member: {"id":...,"peerURLs":[...],"name":...} */
void members_json(const struct members_one *m, struct buf *b);
/* Append {"peerURLs":[...]}. */
void members_attributes_json(const struct members_one *m, struct buf *b);

#endif
