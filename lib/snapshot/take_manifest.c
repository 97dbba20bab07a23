#include <inttypes.h>
#include <unistd.h>

#include "snapshot/take_run.h"

#include "base/version.h"

static const char *member_name(const struct take_run *t)
{
	for (size_t i = 0; i < t->members.count; i++)
		if (t->members.members[i].id == t->status.member_id)
			return t->members.members[i].name;
	return NULL;
}

static void checks(struct manifest *m)
{
	static const char *const passed[] = {
		"stream", "sha256", "pages", "buckets", "records",
	};

	/* A snapshot that fails one of these is never published. */
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		manifest_add_check(m, passed[i], MANIFEST_OK, NULL);
}

void take_manifest(struct take_run *t)
{
	const struct image_summary *s = &t->image.sum;
	struct manifest *m = t->m;
	char host[256] = "";

	(void)gethostname(host, sizeof(host) - 1);
	manifest_set(m, &m->host, host);
	manifest_set(m, &m->node, t->o->node);
	manifest_set(m, &m->lifeboat, LIFEBOAT_VERSION);
	m->trigger = t->o->trigger;
	m->cluster_id = t->status.cluster_id;
	m->member_id = t->status.member_id;
	manifest_set(m, &m->member_name, member_name(t));
	manifest_set(m, &m->server_version, t->status.version);
	manifest_set(m, &m->cluster_version, s->cluster_version);
	manifest_set(m, &m->storage_version, s->storage_version);
	m->revision = s->revision;
	m->compact_revision = s->compact_revision;
	m->raft_index = s->consistent_index;
	/* 3.4 does not keep the term in its database. */
	m->raft_term = s->term != 0 ? s->term : t->status.raft_term;
	m->total_keys = s->entries;
	m->live_keys = s->rows.live_keys;
	m->image_size = t->image.scan.image_size;
	m->status_hash = s->status_hash;
	for (unsigned i = 0; i < s->n_buckets; i++)
		manifest_add_bucket(m, s->buckets[i].name,
		                    s->buckets[i].entries);
	checks(m);
}
