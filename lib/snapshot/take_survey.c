#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "snapshot/source.h"
#include "snapshot/take_run.h"

static void fill_source(struct source *s, const char *url,
                        const struct etcd_maintenance_status_result *r)
{
	const struct etcd_maintenance_status *st = &r->status;

	*s = (struct source){ .endpoint = url };
	if (r->rc != 0) {
		s->why = r->err.text;
		return;
	}
	s->answered = 1;
	s->cluster_id = st->cluster_id;
	s->member_id = st->member_id;
	s->leader = st->no_leader ? 0 : st->leader_id;
	s->applied_index = st->raft_applied;
	s->revision = (uint64_t)st->revision;
	s->db_size = st->db_size;
	s->db_in_use = st->db_in_use;
	s->learner = st->learner;
	s->corrupt = st->corrupt;
	s->no_space = st->no_space;
}

static void keep_warnings(struct manifest *m, struct buf *text)
{
	char *at = text->data, *end;

	for (; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		manifest_warn(m, "%s", at);
	}
}

static int choose(struct take_run *t,
                  const struct etcd_maintenance_status_result *results,
                  size_t n, struct err *e)
{
	const struct take_options *o = t->o;
	const struct source_policy policy = {
		.cluster_id = o->new_cluster ? 0 : o->previous.cluster_id,
		.min_revision = o->new_cluster || o->allow_lower_revision
		                ? 0 : o->previous.revision,
	};
	struct source all[ETCD_CLIENT_ENDPOINTS_MAX];
	struct buf warnings = BUF_INIT(BUF_MAX_TEXT);
	int rc;

	for (size_t i = 0; i < n; i++)
		fill_source(&all[i], etcd_client_url(t->client, i),
		            &results[i]);
	rc = source_choose(all, n, &policy, &t->endpoint, &warnings, e);
	if (rc == 0) {
		t->status = results[t->endpoint].status;
		keep_warnings(t->m, &warnings);
	}
	buf_close(&warnings);
	return rc;
}

int take_survey(struct take_run *t, struct err *e)
{
	size_t n = etcd_client_count(t->client);
	struct etcd_maintenance_status_result *results;
	int rc;

	results = calloc(n, sizeof(*results));
	if (results == NULL)
		return err_nomem(e);
	etcd_maintenance_status_all(t->client, results);
	rc = choose(t, results, n, e);
	/* What a stopped run, a wrong password or a lack of rights caused must
	 * be told as such, not as "none answered". */
	for (size_t i = 0; rc < 0 && e->kind == ERR_REMOTE && i < n; i++)
		if (results[i].rc != 0 &&
		    (results[i].err.kind == ERR_STOPPED ||
		     results[i].err.kind == ERR_USAGE ||
		     results[i].err.kind == ERR_REFUSED))
			*e = results[i].err;
	free(results);
	if (rc < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		manifest_add_endpoint(t->m, etcd_client_url(t->client, i));
	return etcd_cluster_list(t->client, t->endpoint, 1, &t->members, e);
}

/* How large the file will be at most, from the last one's ratio with half as
 * much again to spare, else as if nothing could be compressed. */
static uint64_t expected_bytes(const struct take_run *t)
{
	const struct take_previous *p = &t->o->previous;
	double ratio = 1.0;

	if (p->image_bytes > 0 && p->file_bytes < p->image_bytes)
		ratio = 1.5 * (double)p->file_bytes / (double)p->image_bytes;
	if (ratio > 1.0)
		ratio = 1.0;
	return (uint64_t)(ratio * (double)t->status.db_size) + (1 << 20);
}

int take_survey_room(const struct take_run *t, struct err *e)
{
	struct statvfs fs;
	uint64_t need = expected_bytes(t) + t->o->reserve_bytes, have;

	if (statvfs(t->o->dir, &fs) < 0)
		return err_sys(e, "cannot ask for the free space of '%s'",
		               t->o->dir);
	have = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (have >= need)
		return 0;
	(void)err_set(e, ERR_REFUSED, "not enough space in '%s': %" PRIu64
	              " bytes are free, up to %" PRIu64 " are needed",
	              t->o->dir, have, need);
	return err_hint(e, "delete what is not needed, or keep fewer "
	                "snapshots; 'prune --dry-run' shows what would go");
}
