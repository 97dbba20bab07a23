#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "snapshot/take_run.h"

enum {
	LAG_TRIES = 25,                 /* for a member that lags behind... */
	LAG_WAIT_MS = 200,              /* ...this long between two */
};

/* The voting members and what they answered, in the order of members[]. */
struct poll {
	const struct etcd_cluster_member *who[MANIFEST_MEMBERS];
	const char *endpoint[MANIFEST_MEMBERS];
	struct proof_member answer[MANIFEST_MEMBERS];
	size_t n;
	struct etcd_client *client;     /* one endpoint a member, same order */
	char urls[MANIFEST_MEMBERS * ETCD_CLIENT_URL_MAX];
};

/* A member is asked where it says that clients reach it; the endpoint we were
 * given for the source is better, since it just worked. */
static const char *url_of(const struct take_run *t,
                          const struct etcd_cluster_member *m)
{
	if (m->id == t->status.member_id)
		return etcd_client_url(t->client, t->endpoint);
	return m->client_urls != NULL ? m->client_urls[0] : NULL;
}

static void enter_members(struct take_run *t, struct poll *p)
{
	size_t len = 0;

	for (size_t i = 0; i < t->members.count; i++) {
		const struct etcd_cluster_member *m = &t->members.members[i];
		const char *url = url_of(t, m);

		if (m->learner || p->n == MANIFEST_MEMBERS)
			continue;
		p->who[p->n] = m;
		p->endpoint[p->n] = url;
		(void)snprintf(p->answer[p->n].why, sizeof(p->answer[0].why),
		               "it has no client url: it was never started");
		if (url != NULL)
			len += (size_t)snprintf(p->urls + len,
			                        sizeof(p->urls) - len, "%s%s",
			                        len > 0 ? "," : "", url);
		p->n++;
	}
}

/* The result of endpoint `k` of p->client belongs to which member? */
static size_t member_of(const struct poll *p, size_t k)
{
	size_t i = 0;

	for (;; i++)
		if (p->endpoint[i] != NULL && k-- == 0)
			return i;
}

static void take_answer(struct poll *p, size_t i,
                        const struct etcd_maintenance_hash_result *r,
                        uint64_t revision, _Bool newest)
{
	struct proof_member *a = &p->answer[i];

	a->answered = 0;
	if (r->rc != 0) {
		(void)snprintf(a->why, sizeof(a->why), "%.300s", r->err.text);
	} else if (r->hash.member_id != p->who[i]->id) {
		(void)snprintf(a->why, sizeof(a->why), "its client url %.200s "
		               "leads to another member", p->endpoint[i]);
	} else if (newest && r->hash.revision != (int64_t)revision) {
		(void)snprintf(a->why, sizeof(a->why), "it has compacted the "
		               "snapshot's revision away");
	} else {
		a->answered = 1;
		a->hash = r->hash.hash;
		a->compact_revision = r->hash.compact_revision;
		a->inexact = newest;
		a->why[0] = '\0';
	}
}

/* Ask once; 1 when a member lags and should be asked again.  That our own
 * system failed is no answer of a member: it ends the run. */
static int ask(struct poll *p, uint64_t revision, struct err *e)
{
	size_t n = etcd_client_count(p->client);
	struct etcd_maintenance_hash_result *r = calloc(n, sizeof(*r));
	int again = 0;

	if (r == NULL)
		return err_nomem(e);
	etcd_maintenance_hash_all(p->client, (int64_t)revision, r);
	for (size_t k = 0; k < n && again >= 0; k++) {
		size_t i = member_of(p, k);
		_Bool newest = r[k].rc != 0 &&
		               r[k].fault == ETCD_FAULT_COMPACTED;

		if (r[k].rc != 0 && r[k].fault == ETCD_FAULT_FUTURE)
			again = 1;
		/* Up to 3.4.26 and 3.5.9 a hash at the very revision of the
		 * compaction is refused; the newest may be just that. */
		if (newest)
			r[k].rc = etcd_maintenance_hash(p->client, k, 0,
			                                &r[k].hash, &r[k].err);
		take_answer(p, i, &r[k], revision, newest);
		if (r[k].rc != 0 && r[k].err.kind == ERR_SYS) {
			*e = r[k].err;
			again = -1;
		}
	}
	free(r);
	return again;
}

static int ask_all(struct take_run *t, struct poll *p, struct err *e)
{
	struct etcd_client_options o = t->o->etcd;
	const struct timespec wait = {
		.tv_nsec = LAG_WAIT_MS * 1000000L,
	};

	o.endpoints = p->urls;
	p->client = etcd_client_new(&o, e);
	if (p->client == NULL)
		return -1;
	for (int i = 0; i < LAG_TRIES; i++) {
		int again = ask(p, t->image.sum.revision, e);

		if (again < 0)
			return -1;
		if (again == 0)
			break;
		if (o.stop != NULL && *o.stop != 0)
			break;
		(void)nanosleep(&wait, NULL);
	}
	if (o.stop != NULL && *o.stop != 0)
		return err_set(e, ERR_STOPPED, "stopped by a signal");
	return 0;
}

static void enter_check(struct manifest *m, enum proof_verdict verdict)
{
	if (verdict == PROOF_VERIFIED)
		manifest_add_check(m, "hash_kv", MANIFEST_OK, NULL);
	else if (verdict == PROOF_DIVERGED)
		manifest_add_check(m, "hash_kv", MANIFEST_FAILED, NULL);
	else
		manifest_add_check(m, "hash_kv", MANIFEST_SKIPPED,
		                   "not every voting member could be compared");
}

static void enter_results(struct take_run *t, const struct poll *p,
                          enum proof_verdict verdict)
{
	static const enum manifest_match matches[] = {
		[PROOF_NOT_COMPARED] = MANIFEST_NOT_COMPARED,
		[PROOF_EQUAL] = MANIFEST_EQUAL,
		[PROOF_DIFFERENT] = MANIFEST_DIFFERENT,
	};
	static const enum manifest_verdict verdicts[] = {
		[PROOF_UNPROVEN] = MANIFEST_UNPROVEN,
		[PROOF_VERIFIED] = MANIFEST_VERIFIED,
		[PROOF_DIVERGED] = MANIFEST_DIVERGED,
	};

	for (size_t i = 0; i < p->n; i++) {
		const struct proof_member *a = &p->answer[i];
		const struct manifest_member m = {
			.id = p->who[i]->id, .name = p->who[i]->name,
			.endpoint = (char *)(uintptr_t)p->endpoint[i],
			.reason = a->why[0] == '\0' ? NULL
			          : (char *)(uintptr_t)a->why,
			.result = matches[a->result], .hash = a->hash,
			.compact_revision = a->compact_revision,
		};

		manifest_add_member(t->m, &m);
	}
	t->m->verdict = verdicts[verdict];
	enter_check(t->m, verdict);
}

int take_proof(struct take_run *t, struct err *e)
{
	const struct image_summary *s = &t->image.sum;
	struct poll *p = calloc(1, sizeof(*p));
	enum proof_verdict verdict = PROOF_UNPROVEN;
	int rc = -1;

	if (p == NULL)
		return err_nomem(e);
	t->m->hash_revision = s->revision;
	t->m->hash_compact_revision = image_effective_compaction(s);
	enter_members(t, p);
	if (image_hash_kv(&t->image, s->revision, t->m->hash_compact_revision,
	                  &t->m->hash, e) == 0 &&
	    ask_all(t, p, e) == 0 &&
	    proof_compare(&t->image, s->revision, p->answer, p->n, &verdict,
	                  e) == 0)
		rc = 0;
	if (rc == 0)
		enter_results(t, p, verdict);
	etcd_client_free(p->client);
	free(p);
	return rc;
}
