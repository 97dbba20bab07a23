#include "etcd/etcd_cluster.h"

#include <stdlib.h>
#include <string.h>

#include "etcd/rpc.pb-c.h"

static void free_strings(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void etcd_cluster_clear(struct etcd_cluster *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->members[i].name);
		free_strings(list->members[i].peer_urls);
		free_strings(list->members[i].client_urls);
	}
	free(list->members);
	*list = (struct etcd_cluster)ETCD_CLUSTER_INIT;
}

static char **copy_strings(char *const *from, size_t n)
{
	char **list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list != NULL && i < n; i++) {
		list[i] = strdup(from[i]);
		if (list[i] == NULL) {
			free_strings(list);
			return NULL;
		}
	}
	return list;
}

static int copy_member(struct etcd_cluster_member *m, const Etcd__Member *from,
                       struct err *e)
{
	m->id = from->id;
	m->learner = from->is_learner;
	m->name = strdup(from->name);
	m->peer_urls = copy_strings(from->peer_urls, from->n_peer_urls);
	m->client_urls = copy_strings(from->client_urls, from->n_client_urls);
	if (m->name == NULL || m->peer_urls == NULL || m->client_urls == NULL)
		return err_nomem(e);
	return 0;
}

static int decode_members(const struct buf *b, struct etcd_cluster *out,
                          struct err *e)
{
	struct etcd_cluster list = ETCD_CLUSTER_INIT;
	Etcd__Members *r = etcd__members__unpack(NULL, b->len,
	                                         (const uint8_t *)b->data);
	int rc = -1;

	if (r == NULL || r->header == NULL) {
		(void)etcd_client_undecodable("MemberList", e);
		goto out;
	}
	list.cluster_id = r->header->cluster_id;
	list.members = calloc(r->n_members + 1, sizeof(*list.members));
	if (list.members == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	for (; list.count < r->n_members; list.count++)
		if (copy_member(&list.members[list.count],
		                r->members[list.count], e) < 0) {
			list.count++;
			goto out;
		}
	etcd_cluster_clear(out);
	*out = list;
	list = (struct etcd_cluster)ETCD_CLUSTER_INIT;
	rc = 0;
out:
	etcd_cluster_clear(&list);
	etcd__members__free_unpacked(r, NULL);
	return rc;
}

int etcd_cluster_list(struct etcd_client *c, size_t endpoint,
                      _Bool linearizable, struct etcd_cluster *out,
                      struct err *e)
{
	Etcd__MemberListRequest m = ETCD__MEMBER_LIST_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Cluster/MemberList",
		.request = &m.base, .idempotent = 1 };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	int rc;

	m.linearizable = linearizable;
	rc = etcd_client_call(c, endpoint, &rpc, &reply, e);
	if (rc == 0)
		rc = decode_members(&reply, out, e);
	buf_close(&reply);
	return rc;
}

int etcd_cluster_add(struct etcd_client *c, const char *peer_url,
                     _Bool learner, uint64_t *out_id, struct err *e)
{
	Etcd__MemberAddRequest m = ETCD__MEMBER_ADD_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Cluster/MemberAdd",
		.request = &m.base };
	struct buf reply = BUF_INIT(BUF_MAX_RPC);
	Etcd__MemberAddResponse *r = NULL;
	char *urls[] = { (char *)(uintptr_t)peer_url };
	int rc;

	m.n_peer_urls = 1;
	m.peer_urls = urls;
	m.is_learner = learner;
	rc = etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, &reply, e);
	if (rc == 0) {
		r = etcd__member_add_response__unpack(
			NULL, reply.len, (const uint8_t *)reply.data);
		if (r == NULL || r->member == NULL)
			rc = etcd_client_undecodable("MemberAdd", e);
		else
			*out_id = r->member->id;
	}
	etcd__member_add_response__free_unpacked(r, NULL);
	buf_close(&reply);
	return rc;
}

int etcd_cluster_remove(struct etcd_client *c, uint64_t id, struct err *e)
{
	Etcd__MemberId m = ETCD__MEMBER_ID__INIT;
	struct etcd_client_rpc rpc = { .method = "Cluster/MemberRemove",
		.request = &m.base };

	m.id = id;
	return etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, NULL, e);
}

int etcd_cluster_update(struct etcd_client *c, uint64_t id,
                        const char *peer_url, struct err *e)
{
	Etcd__MemberUpdateRequest m = ETCD__MEMBER_UPDATE_REQUEST__INIT;
	struct etcd_client_rpc rpc = { .method = "Cluster/MemberUpdate",
		.request = &m.base };
	char *urls[] = { (char *)(uintptr_t)peer_url };

	m.id = id;
	m.n_peer_urls = 1;
	m.peer_urls = urls;
	return etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, NULL, e);
}

int etcd_cluster_promote(struct etcd_client *c, uint64_t id, struct err *e)
{
	Etcd__MemberId m = ETCD__MEMBER_ID__INIT;
	struct etcd_client_rpc rpc = { .method = "Cluster/MemberPromote",
		.request = &m.base };

	m.id = id;
	return etcd_client_call(c, ETCD_CLIENT_ANY, &rpc, NULL, e);
}
