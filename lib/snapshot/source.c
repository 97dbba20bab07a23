#include "snapshot/source.h"

#include <inttypes.h>

/* Why `s` cannot be taken, or NULL. */
static const char *unfit(const struct source *s)
{
	if (!s->answered)
		return s->why;
	if (s->learner)
		return "is a learner, which may lag behind";
	if (s->leader == 0)
		return "has no leader";
	return NULL;
}

static _Bool better(const struct source *a, const struct source *b)
{
	if (a->applied_index != b->applied_index)
		return a->applied_index > b->applied_index;
	/* The leader has enough to do. */
	return a->member_id != a->leader && b->member_id == b->leader;
}

static int same_cluster(const struct source *all, size_t n,
                        const struct source_policy *policy, struct err *e)
{
	const struct source *first = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct source *s = &all[i];

		if (!s->answered)
			continue;
		if (first == NULL)
			first = s;
		if (s->cluster_id != first->cluster_id)
			return err_set(e, ERR_REFUSED, "%s belongs to cluster %"
			               PRIx64 " and %s to cluster %" PRIx64,
			               first->endpoint, first->cluster_id,
			               s->endpoint, s->cluster_id);
	}
	if (first == NULL || policy->cluster_id == 0 ||
	    policy->cluster_id == first->cluster_id)
		return 0;
	(void)err_set(e, ERR_REFUSED, "%s belongs to cluster %" PRIx64
	              ", the snapshots here to cluster %" PRIx64,
	              first->endpoint, first->cluster_id, policy->cluster_id);
	return err_hint(e, "after a restore the cluster has a new id: "
	                "pass --new-cluster once, or use another folder");
}

static int alarms(const struct source *all, size_t n, struct buf *warnings,
                  struct err *e)
{
	_Bool no_space = 0;

	for (size_t i = 0; i < n; i++) {
		no_space = no_space || all[i].no_space;
		if (!all[i].corrupt)
			continue;
		(void)err_set(e, ERR_REFUSED, "the cluster has a CORRUPT alarm "
		              "(%s says so)", all[i].endpoint);
		return err_hint(e, "members hold different data; find out "
		                "which is right before taking snapshots");
	}
	if (no_space)
		buf_puts(warnings, "the cluster has a NOSPACE alarm and "
		         "refuses writes\n");
	return 0;
}

static int none_fit(const struct source *all, size_t n, struct err *e)
{
	struct buf why = BUF_INIT(BUF_MAX_LINE);
	_Bool answered = 0;

	for (size_t i = 0; i < n; i++) {
		answered = answered || all[i].answered;
		buf_printf(&why, "%s%s%s%s", i > 0 ? "; " : "",
		           all[i].answered ? all[i].endpoint : "",
		           all[i].answered ? " " : "", unfit(&all[i]));
	}
	(void)err_set(e, answered ? ERR_REFUSED : ERR_REMOTE,
	              "no member to take a snapshot from: %s",
	              why.data == NULL ? "no endpoints" : why.data);
	buf_close(&why);
	return -1;
}

int source_choose(const struct source *all, size_t n,
                  const struct source_policy *policy, size_t *out_index,
                  struct buf *warnings, struct err *e)
{
	const struct source *best = NULL;

	if (same_cluster(all, n, policy, e) < 0 ||
	    alarms(all, n, warnings, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (unfit(&all[i]) != NULL) {
			buf_printf(warnings, "%s%s%s\n",
			           all[i].answered ? all[i].endpoint : "",
			           all[i].answered ? " " : "", unfit(&all[i]));
			continue;
		}
		if (best == NULL || better(&all[i], best))
			best = &all[i];
	}
	if (best == NULL)
		return none_fit(all, n, e);
	if (best->revision < policy->min_revision) {
		(void)err_set(e, ERR_REFUSED, "%s is at revision %" PRIu64
		              ", below %" PRIu64 " of the newest snapshot here",
		              best->endpoint, best->revision,
		              policy->min_revision);
		return err_hint(e, "etcd lost data or was restored; pass "
		                "--allow-lower-revision to accept it");
	}
	*out_index = (size_t)(best - all);
	return 0;
}
