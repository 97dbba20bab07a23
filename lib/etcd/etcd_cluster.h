/* etcd_cluster.h - who belongs to the cluster, and changing that.
 *
 * The calls go to whichever endpoint answers.  A change whose answer was lost
 * may have happened: list the members before trying again. */
#ifndef ETCD_ETCD_CLUSTER_H
#define ETCD_ETCD_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "etcd/etcd_client.h"

struct etcd_cluster_member {
	uint64_t id;
	char *name;                     /* "" until it was started once */
	char **peer_urls, **client_urls;        /* each ends with NULL */
	_Bool learner;
};

struct etcd_cluster {
	uint64_t cluster_id;
	struct etcd_cluster_member *members;
	size_t count;
};
#define ETCD_CLUSTER_INIT { .members = NULL }

/* Free what a list call filled in; an INIT value is fine. */
void etcd_cluster_clear(struct etcd_cluster *list);

/* `endpoint` may be ETCD_CLIENT_ANY.  With `linearizable` a majority vouches
 * for the list; without it the member says what it knows (3.4: always). */
int etcd_cluster_list(struct etcd_client *c, size_t endpoint,
                      _Bool linearizable, struct etcd_cluster *out,
                      struct err *e) MUST_USE;
/* Add a member that will be reached at `peer_url`.  `out_id` is its id. */
int etcd_cluster_add(struct etcd_client *c, const char *peer_url,
                     _Bool learner, uint64_t *out_id, struct err *e) MUST_USE;
int etcd_cluster_remove(struct etcd_client *c, uint64_t id,
                        struct err *e) MUST_USE;
int etcd_cluster_update(struct etcd_client *c, uint64_t id,
                        const char *peer_url, struct err *e) MUST_USE;
/* Make a learner a voter.  While it lags the call fails, and the client's
 * fault is ETCD_FAULT_LEARNER_BEHIND. */
int etcd_cluster_promote(struct etcd_client *c, uint64_t id,
                         struct err *e) MUST_USE;

#endif
