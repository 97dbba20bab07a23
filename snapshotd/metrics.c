#include "metrics.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const unsigned steps_s[METRICS_STEPS] = {
	1, 2, 5, 10, 30, 60, 120, 300, 600, 1800
};
static const char *const result_words[] = {
#define X(result, word) [result] = word,
	METRICS_RESULTS(X)
#undef X
};
static const char *const verdict_words[] = {
	[RETAIN_UNKNOWN] = "unknown", [RETAIN_VERIFIED] = "verified",
	[RETAIN_UNPROVEN] = "unproven", [RETAIN_DIVERGED] = "diverged",
	[RETAIN_DAMAGED] = "damaged",
};

void metrics_count(struct metrics *m, enum metrics_result result,
                   enum err_kind cause, double seconds)
{
	int i = 0;

	m->results[result]++;
	if (result == METRICS_FAILED) {
		m->failures[cause]++;
		m->failures_in_row++;
	} else {
		m->failures_in_row = 0;
	}
	if (!(seconds > 0))             /* a clock that went wrong */
		seconds = 0;
	while (i < METRICS_STEPS && seconds > steps_s[i])
		i++;
	m->steps[i]++;
	m->duration_sum_s += seconds;
	m->duration_last_s = seconds;
}

/* ---- text ---- */

/* The length of the UTF-8 character at `s`, 0 when it is none. */
static size_t utf8(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 :
	           s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
	           s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A string in quotes, as both Prometheus and JSON read it; what is not UTF-8
 * turns into '?', other control characters into spaces. */
static void quote(struct buf *b, const char *s)
{
	buf_puts(b, "\"");
	while (*s != '\0') {
		size_t n = utf8((const unsigned char *)s);

		if (*s == '\\' || *s == '"')
			buf_printf(b, "\\%c", *s);
		else if (*s == '\n')
			buf_puts(b, "\\n");
		else if (n == 1 && (*s < ' ' || *s == 0x7f))
			buf_puts(b, " ");
		else if (n == 0)
			buf_puts(b, "?");
		else
			buf_append(b, s, n);
		s += n > 0 ? n : 1;
	}
	buf_puts(b, "\"");
}

static void family(struct buf *b, const char *name, const char *type,
                   const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct buf *b, const char *name, const char *help,
                  int64_t value)
{
	family(b, name, "gauge", help);
	buf_printf(b, "%s %" PRId64 "\n", name, value);
}

static void gauge_u(struct buf *b, const char *name, const char *help,
                    uint64_t value)
{
	family(b, name, "gauge", help);
	buf_printf(b, "%s %" PRIu64 "\n", name, value);
}

static void counter(struct buf *b, const char *name, const char *help,
                    uint64_t value)
{
	family(b, name, "counter", help);
	buf_printf(b, "%s %" PRIu64 "\n", name, value);
}

/* Values that differ in one label. */
static void labelled(struct buf *b, const char *name, const char *label,
                     const char *word, uint64_t value)
{
	buf_printf(b, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, word, value);
}

/* ---- pages ---- */

static int64_t since(const struct schedule_time *t,
                     const struct schedule_time *now)
{
	if (t->mono >= 0 && t->mono <= now->mono)
		return now->mono - t->mono;
	return now->wall - t->wall;
}

static void print_process(const struct metrics *m, struct buf *b)
{
	family(b, "lifeboat_build_info", "gauge",
	       "The version of this program.");
	buf_puts(b, "lifeboat_build_info{version=");
	quote(b, LIFEBOAT_VERSION);
	buf_puts(b, "} 1\n");
	family(b, "lifeboat_node_info", "gauge",
	       "The node and the folder of its snapshots.");
	buf_puts(b, "lifeboat_node_info{node=");
	quote(b, m->node);
	buf_puts(b, ",dir=");
	quote(b, m->dir);
	buf_puts(b, "} 1\n");
	gauge(b, "process_start_time_seconds",
	      "When this process started, in unix time.", m->started.wall);
}

static void print_verified(const struct metrics *m, struct buf *b)
{
	struct metrics_health h;

	metrics_judge(m, &h);
	gauge(b, "lifeboat_healthy", "1 while /healthz answers with 200.",
	      h.ok);
	gauge(b, "lifeboat_snapshot_max_age_seconds",
	      "The age up to which the last verified snapshot is healthy.",
	      m->max_age_s);
	if (m->next_at > 0)
		gauge(b, "lifeboat_snapshot_next_run_timestamp_seconds",
		      "When the next snapshot is due.", m->next_at);
	if (m->verified.wall <= 0)
		return;
	gauge(b, "lifeboat_snapshot_last_verified_timestamp_seconds",
	      "When the last verified snapshot was taken.", m->verified.wall);
	gauge(b, "lifeboat_snapshot_last_verified_age_seconds",
	      "The age of the last verified snapshot, whatever the clock says.",
	      h.age_s);
	gauge_u(b, "lifeboat_snapshot_last_verified_revision",
	        "The etcd revision of the last verified snapshot.",
	        m->verified_revision);
	gauge_u(b, "lifeboat_snapshot_last_verified_size_bytes",
	        "The size of the last verified snapshot as stored.",
	        m->verified_bytes);
}

static void print_durations(const struct metrics *m, struct buf *b)
{
	const char *name = "lifeboat_snapshot_duration_seconds";
	uint64_t n = 0;

	family(b, "lifeboat_snapshot_last_duration_seconds", "gauge",
	       "How long the last attempt took.");
	buf_printf(b, "lifeboat_snapshot_last_duration_seconds %.3f\n",
	           m->duration_last_s);
	family(b, name, "histogram", "How long attempts took.");
	for (int i = 0; i < METRICS_STEPS; i++) {
		n += m->steps[i];
		buf_printf(b, "%s_bucket{le=\"%u\"} %" PRIu64 "\n", name,
		           steps_s[i], n);
	}
	n += m->steps[METRICS_STEPS];
	buf_printf(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, n);
	buf_printf(b, "%s_sum %.3f\n%s_count %" PRIu64 "\n", name,
	           m->duration_sum_s, name, n);
}

static void print_attempts(const struct metrics *m, struct buf *b)
{
	const char *name = "lifeboat_snapshots_total";

	family(b, name, "counter", "Attempts to take a snapshot, by result.");
	for (int i = 0; i < METRICS_RESULT_N; i++)
		labelled(b, name, "result", result_words[i], m->results[i]);
	name = "lifeboat_snapshot_failures_total";
	family(b, name, "counter", "Failed attempts, by cause.");
	for (int i = ERR_NONE + 1; i < METRICS_CAUSE_N; i++)
		labelled(b, name, "cause", err_word((enum err_kind)i),
		         m->failures[i]);
	gauge_u(b, "lifeboat_snapshot_failures_in_row",
	        "Attempts that failed since the last success.",
	        m->failures_in_row);
	counter(b, "lifeboat_hashkv_mismatches_total",
	        "Members whose hash differed from a snapshot's.",
	        m->hashkv_mismatches);
}

static void print_folder(const struct metrics *m, struct buf *b)
{
	const char *name = "lifeboat_archives";

	family(b, name, "gauge", "Archives in the folder, by verdict.");
	for (int i = 0; i < METRICS_VERDICT_N; i++)
		labelled(b, name, "verdict", verdict_words[i], m->archives[i]);
	name = "lifeboat_archives_size_bytes";
	family(b, name, "gauge", "Their size, by verdict.");
	for (int i = 0; i < METRICS_VERDICT_N; i++)
		labelled(b, name, "verdict", verdict_words[i],
		         m->archive_bytes[i]);
	counter(b, "lifeboat_archives_pruned_total",
	        "Archives deleted by the rules of retention.", m->pruned);
	gauge_u(b, "lifeboat_folder_free_bytes",
	        "Space left on the folder's file system.", m->free_bytes);
	gauge_u(b, "lifeboat_folder_size_bytes",
	        "Size of the folder's file system.", m->total_bytes);
}

void metrics_print(const struct metrics *m, struct buf *b)
{
	print_process(m, b);
	print_verified(m, b);
	print_durations(m, b);
	print_attempts(m, b);
	print_folder(m, b);
}

/* ---- health ---- */

/* "45s", "12m", "6h12m", "3d4h": two units at most. */
static const char *span(int64_t s, char out[32])
{
	long long v = s;

	if (v < 60)
		(void)snprintf(out, 32, "%llds", v);
	else if (v < 3600)
		(void)snprintf(out, 32, "%lldm", v / 60);
	else if (v < 86400)
		(void)snprintf(out, 32, "%lldh%02lldm", v / 3600,
		               v / 60 % 60);
	else
		(void)snprintf(out, 32, "%lldd%lldh", v / 86400,
		               v / 3600 % 24);
	return out;
}

static void judge_none(const struct metrics *m, struct metrics_health *h)
{
	int64_t up = since(&m->started, &m->now);
	char t[32];

	h->age_s = -1;
	h->ok = up <= m->grace_s;
	if (h->ok)
		(void)snprintf(h->why, sizeof(h->why),
		               "no verified snapshot yet, which is fine for %s",
		               span(m->grace_s - up, t));
	else
		(void)snprintf(h->why, sizeof(h->why), "no verified snapshot "
		               "in the %s since the start", span(up, t));
}

static void judge_age(const struct metrics *m, struct metrics_health *h)
{
	int64_t age = since(&m->verified, &m->now);
	char t[32], limit[32];

	h->age_s = age > 0 ? age : 0;
	if (age < -SCHEDULE_SLACK) {
		h->ok = 0;
		(void)snprintf(h->why, sizeof(h->why), "the last verified "
		               "snapshot is dated %s in the future: "
		               "the clock has moved", span(-age, t));
		return;
	}
	h->ok = age <= m->max_age_s;
	(void)span(h->age_s, t);
	(void)span(m->max_age_s, limit);
	if (h->ok)
		(void)snprintf(h->why, sizeof(h->why),
		               "the last verified snapshot is %s old, "
		               "%s are allowed", t, limit);
	else
		(void)snprintf(h->why, sizeof(h->why),
		               "the last verified snapshot is %s old, "
		               "more than the %s that are allowed", t, limit);
}

void metrics_judge(const struct metrics *m, struct metrics_health *out)
{
	size_t n;

	*out = (struct metrics_health){ .ok = 0 };
	if (m->verified.wall <= 0)
		judge_none(m, out);
	else
		judge_age(m, out);
	n = strlen(out->why);
	if (m->failures_in_row > 0)
		(void)snprintf(out->why + n, sizeof(out->why) - n,
		               "; failures in a row: %" PRIu64,
		               m->failures_in_row);
}

unsigned metrics_print_health(const struct metrics *m, struct buf *b)
{
	struct metrics_health h;

	metrics_judge(m, &h);
	buf_printf(b, "%s: %s\n", h.ok ? "ok" : "failing", h.why);
	return h.ok ? 200 : 503;
}

unsigned metrics_print_health_json(const struct metrics *m, struct buf *b)
{
	struct metrics_health h;

	metrics_judge(m, &h);
	buf_printf(b, "{\"healthy\": %s, \"why\": ", h.ok ? "true" : "false");
	quote(b, h.why);
	buf_puts(b, ", \"node\": ");
	quote(b, m->node);
	if (h.age_s >= 0)
		buf_printf(b, ", \"last_verified\": {\"time\": %" PRId64
		           ", \"age_s\": %" PRId64 ", \"revision\": %" PRIu64
		           ", \"size_bytes\": %" PRIu64 "}", m->verified.wall,
		           h.age_s, m->verified_revision, m->verified_bytes);
	buf_printf(b, ", \"max_age_s\": %" PRId64 ", \"next_run\": %" PRId64
	           ", \"failures_in_row\": %" PRIu64 "}\n", m->max_age_s,
	           m->next_at, m->failures_in_row);
	return h.ok ? 200 : 503;
}

static void on_metrics(void *ctx, struct httpd_answer *a)
{
	a->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_print(ctx, &a->body);
}

static void on_health(void *ctx, struct httpd_answer *a)
{
	a->status = metrics_print_health(ctx, &a->body);
}

static void on_health_json(void *ctx, struct httpd_answer *a)
{
	a->type = "application/json";
	a->status = metrics_print_health_json(ctx, &a->body);
}

const struct httpd_route metrics_routes[] = {
	{ "/metrics", on_metrics },
	{ "/healthz", on_health },
	{ "/healthz.json", on_health_json },
	{ NULL, NULL },
};
