#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../snapshotd/metrics.h"
#include "base/version.h"

#define NOW ((int64_t)1795154400)
#define H ((int64_t)3600)

static struct metrics sample(void)
{
	struct metrics m = {
		.node = "master-1", .dir = "/opt/rke/etcd-snapshots",
		.now = { NOW, 50000 }, .started = { NOW - 9 * H, 17600 },
		.verified = { NOW - 2 * H, 42800 },
		.verified_revision = UINT64_MAX, .verified_bytes = 20480,
		.max_age_s = 12 * H + 2160, .grace_s = H,
		.next_at = NOW + 4 * H,
		.hashkv_mismatches = 2,
		.free_bytes = 1000, .total_bytes = 5000, .pruned = 7,
	};

	m.archives[RETAIN_VERIFIED] = 12;
	m.archive_bytes[RETAIN_VERIFIED] = 245760;
	m.archives[RETAIN_DAMAGED] = 1;
	return m;
}

static char *page(const struct metrics *m)
{
	static char text[16384];
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	struct err e = ERR_INIT;

	metrics_print(m, &b);
	assert_int_equal(buf_check(&b, &e), 0);
	assert_true(b.len < sizeof(text));
	(void)memcpy(text, b.data, b.len + 1);
	buf_close(&b);
	return text;
}

/* ---- a strict reader of the exposition format ---- */

struct reading {
	char family[64], type[16];      /* of the last # TYPE */
	char helped[64];                /* of the last # HELP */
	char seen[64][64];              /* families so far */
	char series[128][160];          /* names with labels so far */
	int families, series_n;
};

static size_t name_len(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)*s) || *s == '_')
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
	return n;
}

/* {a="..",b=".."}: the length, 0 when it is not that. */
static size_t labels_len(const char *s)
{
	const char *p = s;

	do {
		size_t n = name_len(++p);

		if (n == 0 || p[n] != '=' || p[n + 1] != '"')
			return 0;
		for (p += n + 2; *p != '"'; p++) {
			if (*p == '\0' || *p == '\n')
				return 0;
			if (*p == '\\' && strchr("\\\"n", *++p) == NULL)
				return 0;
		}
	} while (*++p == ',');
	return *p == '}' ? (size_t)(p - s) + 1 : 0;
}

static void check_comment(struct reading *r, const char *line)
{
	char word[8], name[64], rest[128];

	assert_int_equal(sscanf(line, "# %7s %63s %127[^\n]", word, name, rest),
	                 3);
	assert_int_equal(name_len(name), strlen(name));
	if (strcmp(word, "HELP") == 0) {
		assert_int_equal(rest[strlen(rest) - 1], '.');
		(void)strcpy(r->helped, name);
		for (int i = 0; i < r->families; i++)
			assert_string_not_equal(r->seen[i], name);
		(void)strcpy(r->seen[r->families++], name);
		return;
	}
	assert_string_equal(word, "TYPE");
	assert_string_equal(name, r->helped);
	assert_non_null(strstr("gauge counter histogram", rest));
	(void)strcpy(r->family, name);
	(void)strcpy(r->type, rest);
	assert_int_equal(strcmp(rest, "counter") == 0,
	                 strlen(name) > 6 &&
	                 !strcmp(name + strlen(name) - 6, "_total"));
}

static void check_sample(struct reading *r, const char *line)
{
	size_t n = name_len(line), family = strlen(r->family), all = n;
	char *end;

	assert_true(n > 0);
	assert_int_equal(strncmp(line, r->family, family), 0);
	if (strcmp(r->type, "histogram") == 0)
		assert_true(!strncmp(line + family, "_bucket{", 8) ||
		            !strncmp(line + family, "_sum ", 5) ||
		            !strncmp(line + family, "_count ", 7));
	else
		assert_int_equal(n, family);
	if (line[n] == '{') {
		assert_true(labels_len(line + n) > 0);
		all += labels_len(line + n);
	}
	assert_int_equal(line[all], ' ');
	assert_true(isdigit((unsigned char)line[all + 1]));
	(void)strtod(line + all + 1, &end);
	assert_int_equal(*end, '\0');
	for (int i = 0; i < r->series_n; i++)
		assert_false(!strncmp(r->series[i], line, all) &&
		             r->series[i][all] == '\0');
	(void)snprintf(r->series[r->series_n++], 160, "%.*s", (int)all, line);
}

static int check_page(char *text)
{
	struct reading r = { .families = 0 };
	char *line, *next;

	assert_int_equal(text[strlen(text) - 1], '\n');
	for (line = text; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		if (line[0] == '#')
			check_comment(&r, line);
		else
			check_sample(&r, line);
	}
	return r.families;
}

/* ---- tests ---- */

static void has(const char *text, const char *line)
{
	const char *p = strstr(text, line);
	size_t n = strlen(line);

	while (p != NULL && ((p != text && p[-1] != '\n') || p[n] != '\n'))
		p = strstr(p + 1, line);
	if (p == NULL)
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void prints_what_monitoring_reads(void **state)
{
	struct metrics m = sample();
	const char *t = page(&m);

	(void)state;
	has(t, "lifeboat_snapshot_last_verified_timestamp_seconds 1795147200");
	has(t, "lifeboat_snapshot_last_verified_age_seconds 7200");
	has(t, "lifeboat_snapshot_last_verified_revision 18446744073709551615");
	has(t, "lifeboat_snapshot_last_verified_size_bytes 20480");
	has(t, "lifeboat_snapshot_max_age_seconds 45360");
	has(t, "lifeboat_snapshot_next_run_timestamp_seconds 1795168800");
	has(t, "lifeboat_healthy 1");
	has(t, "lifeboat_hashkv_mismatches_total 2");
	has(t, "lifeboat_archives{verdict=\"verified\"} 12");
	has(t, "lifeboat_archives{verdict=\"damaged\"} 1");
	has(t, "lifeboat_archives{verdict=\"unknown\"} 0");
	has(t, "lifeboat_archives_size_bytes{verdict=\"verified\"} 245760");
	has(t, "lifeboat_archives_pruned_total 7");
	has(t, "lifeboat_folder_free_bytes 1000");
	has(t, "lifeboat_folder_size_bytes 5000");
	has(t, "process_start_time_seconds 1795122000");
	has(t, "lifeboat_build_info{version=\"" LIFEBOAT_VERSION "\"} 1");
	has(t, "# TYPE lifeboat_snapshots_total counter");
	assert_int_equal(check_page(page(&m)), 21);
}

static void leaves_out_what_is_not_known(void **state)
{
	struct metrics m = sample();
	const char *t;

	(void)state;
	m.verified = (struct schedule_time)SCHEDULE_NEVER;
	m.next_at = 0;
	t = page(&m);
	assert_null(strstr(t, "last_verified"));
	assert_null(strstr(t, "next_run"));
	assert_int_equal(check_page(page(&m)), 16);
}

static void counts_attempts(void **state)
{
	struct metrics m = sample();
	const char *t;

	(void)state;
	metrics_count(&m, METRICS_VERIFIED, ERR_NONE, 0.25);
	metrics_count(&m, METRICS_VERIFIED, ERR_NONE, 2);
	metrics_count(&m, METRICS_FAILED, ERR_REMOTE, 2.001);
	metrics_count(&m, METRICS_FAILED, ERR_CORRUPT, 5000);
	metrics_count(&m, METRICS_FAILED, ERR_REMOTE, -3);
	t = page(&m);
	has(t, "lifeboat_snapshots_total{result=\"verified\"} 2");
	has(t, "lifeboat_snapshots_total{result=\"failed\"} 3");
	has(t, "lifeboat_snapshots_total{result=\"diverged\"} 0");
	has(t, "lifeboat_snapshot_failures_total{cause=\"remote\"} 2");
	has(t, "lifeboat_snapshot_failures_total{cause=\"damaged\"} 1");
	has(t, "lifeboat_snapshot_failures_total{cause=\"refused\"} 0");
	has(t, "lifeboat_snapshot_failures_in_row 3");
	has(t, "lifeboat_snapshot_duration_seconds_bucket{le=\"1\"} 2");
	has(t, "lifeboat_snapshot_duration_seconds_bucket{le=\"2\"} 3");
	has(t, "lifeboat_snapshot_duration_seconds_bucket{le=\"5\"} 4");
	has(t, "lifeboat_snapshot_duration_seconds_bucket{le=\"1800\"} 4");
	has(t, "lifeboat_snapshot_duration_seconds_bucket{le=\"+Inf\"} 5");
	has(t, "lifeboat_snapshot_duration_seconds_sum 5004.251");
	has(t, "lifeboat_snapshot_duration_seconds_count 5");
	has(t, "lifeboat_snapshot_last_duration_seconds 0.000");
	(void)check_page(page(&m));
	metrics_count(&m, METRICS_UNPROVEN, ERR_NONE, 1);
	has(page(&m), "lifeboat_snapshot_failures_in_row 0");
}

static void escapes_labels(void **state)
{
	struct metrics m = sample();

	(void)state;
	m.node = "a\"b\\c\nd\te";
	m.dir = "/m\xc3\xbcll/\xff\xe2\x82/\xed\xa0\x80";
	has(page(&m), "lifeboat_node_info{node=\"a\\\"b\\\\c\\nd e\","
	    "dir=\"/m\xc3\xbcll/\?\?\?/\?\?\?\"} 1");
	(void)check_page(page(&m));
}

static void health(const struct metrics *m, unsigned status, const char *want)
{
	struct buf b = BUF_INIT(BUF_MAX_LINE);

	assert_int_equal(metrics_print_health(m, &b), status);
	assert_string_equal(b.data, want);
	buf_close(&b);
}

static void judges_the_age(void **state)
{
	struct metrics m = sample();

	(void)state;
	health(&m, 200, "ok: the last verified snapshot is 2h00m old, "
	       "12h36m are allowed\n");
	m.verified.mono = -1;
	m.verified.wall = NOW - m.max_age_s;
	health(&m, 200, "ok: the last verified snapshot is 12h36m old, "
	       "12h36m are allowed\n");
	m.verified.wall -= 3 * 86400;
	m.failures_in_row = 4;
	health(&m, 503, "failing: the last verified snapshot is 3d12h old, "
	       "more than the 12h36m that are allowed; failures in a row: 4\n");
	has(page(&m), "lifeboat_healthy 0");
	m.failures_in_row = 0;
	m.verified.wall = NOW + 59;
	health(&m, 200, "ok: the last verified snapshot is 0s old, "
	       "12h36m are allowed\n");
	m.verified.wall = NOW + 600;
	health(&m, 503, "failing: the last verified snapshot is dated 10m in "
	       "the future: the clock has moved\n");
	/* One that we saw ourselves has an age that no clock can change. */
	m.verified.mono = 42800;
	health(&m, 200, "ok: the last verified snapshot is 2h00m old, "
	       "12h36m are allowed\n");
}

static void judges_the_want_of_any(void **state)
{
	struct metrics m = sample();

	(void)state;
	m.verified = (struct schedule_time)SCHEDULE_NEVER;
	m.started.mono = m.now.mono - 600;
	health(&m, 200, "ok: no verified snapshot yet, which is fine for "
	       "50m\n");
	m.started.mono = m.now.mono - H - 1;
	health(&m, 503, "failing: no verified snapshot in the 1h00m since the "
	       "start\n");
}

static void tells_health_in_json(void **state)
{
	struct metrics m = sample();
	struct buf b = BUF_INIT(BUF_MAX_LINE);

	(void)state;
	m.node = "m\"1";
	m.verified_revision = 4711;
	assert_int_equal(metrics_print_health_json(&m, &b), 200);
	assert_string_equal(b.data, "{\"healthy\": true, \"why\": \"the last "
		"verified snapshot is 2h00m old, 12h36m are allowed\", "
		"\"node\": \"m\\\"1\", \"last_verified\": {\"time\": "
		"1795147200, \"age_s\": 7200, \"revision\": 4711, "
		"\"size_bytes\": 20480}, \"max_age_s\": 45360, "
		"\"next_run\": 1795168800, \"failures_in_row\": 0}\n");
	buf_clear(&b);
	m.verified = (struct schedule_time)SCHEDULE_NEVER;
	assert_int_equal(metrics_print_health_json(&m, &b), 503);
	assert_string_equal(b.data, "{\"healthy\": false, \"why\": \"no "
		"verified snapshot in the 9h00m since the start\", "
		"\"node\": \"m\\\"1\", \"max_age_s\": 45360, "
		"\"next_run\": 1795168800, \"failures_in_row\": 0}\n");
	buf_close(&b);
}

static void answer(const char *path, unsigned status, const char *type,
                   const char *body)
{
	struct metrics m = sample();
	struct httpd_answer a = { .status = 200, .type = "?",
	                          .body = BUF_INIT(BUF_MAX_TEXT) };
	const struct httpd_route *r = metrics_routes;

	m.verified.mono = -1;
	m.verified.wall = 1;
	while (strcmp(r->path, path) != 0)
		r++;
	r->fn(&m, &a);
	assert_int_equal(a.status, status);
	if (type != NULL)
		assert_string_equal(a.type, type);
	assert_int_equal(strncmp(a.body.data, body, strlen(body)), 0);
	buf_close(&a.body);
}

static void serves_pages(void **state)
{
	(void)state;
	answer("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8",
	       "# HELP ");
	answer("/healthz", 503, NULL, "failing: ");
	answer("/healthz.json", 503, "application/json",
	       "{\"healthy\": false");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_what_monitoring_reads),
		cmocka_unit_test(leaves_out_what_is_not_known),
		cmocka_unit_test(counts_attempts),
		cmocka_unit_test(escapes_labels),
		cmocka_unit_test(judges_the_age),
		cmocka_unit_test(judges_the_want_of_any),
		cmocka_unit_test(tells_health_in_json),
		cmocka_unit_test(serves_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
