#include "watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

struct schedule_time watch_now(void)
{
	struct timespec wall, boot;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	return (struct schedule_time){ .wall = wall.tv_sec,
	                               .mono = boot.tv_sec };
}

void watch_refresh(struct metrics *m)
{
	struct statvfs fs;

	m->now = watch_now();
	if (statvfs(m->dir, &fs) < 0)
		return;
	m->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	m->total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
}

static enum retain_verdict verdict_of(const struct catalog_entry *en)
{
	static const enum retain_verdict verdicts[] = {
		[MANIFEST_UNPROVEN] = RETAIN_UNPROVEN,
		[MANIFEST_VERIFIED] = RETAIN_VERIFIED,
		[MANIFEST_DIVERGED] = RETAIN_DIVERGED,
	};

	if (en->kind == CATALOG_DAMAGED)
		return RETAIN_DAMAGED;
	return en->kind == CATALOG_ARCHIVE ? verdicts[en->verdict]
	                                   : RETAIN_UNKNOWN;
}

void watch_folder(struct metrics *m, const struct settings *s,
                  const struct catalog *list)
{
	const struct catalog_entry *newest = catalog_newest_verified(list);

	(void)s;
	(void)memset(m->archives, 0, sizeof(m->archives));
	(void)memset(m->archive_bytes, 0, sizeof(m->archive_bytes));
	for (size_t i = 0; i < list->count; i++) {
		const struct catalog_entry *en = &list->entries[i];
		enum retain_verdict v = verdict_of(en);

		if (!catalog_is_snapshot(en) && en->kind != CATALOG_DAMAGED)
			continue;
		m->archives[v]++;
		m->archive_bytes[v] += en->size;
	}
	if (newest == NULL || m->verified.wall != 0)
		return;
	m->verified = (struct schedule_time){ .wall = newest->taken,
	                                      .mono = -1 };
	m->verified_revision = newest->revision;
	m->verified_bytes = newest->size;
}

void watch_job(struct metrics *m, const struct job_result *r, double seconds)
{
	static const enum metrics_result results[] = {
		[MANIFEST_UNPROVEN] = METRICS_UNPROVEN,
		[MANIFEST_VERIFIED] = METRICS_VERIFIED,
		[MANIFEST_DIVERGED] = METRICS_DIVERGED,
	};

	metrics_count(m, r->ok ? results[r->verdict] : METRICS_FAILED,
	              r->err.kind, seconds);
	m->hashkv_mismatches += r->different;
	if (!r->ok || r->verdict != MANIFEST_VERIFIED)
		return;
	m->verified = watch_now();
	m->verified_revision = r->revision;
	m->verified_bytes = r->file_bytes;
}

int64_t watch_newest(const struct catalog *list)
{
	int64_t *times = calloc(list->count + 1, sizeof(*times)), newest;
	size_t n = 0;

	if (times == NULL)
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct catalog_entry *en = &list->entries[i];

		if (en->kind == CATALOG_ARCHIVE ||
		    (en->kind == CATALOG_RKE_ZIP &&
		     en->taken_by == CATALOG_BY_NAME))
			times[n++] = en->taken;
	}
	newest = schedule_newest(times, n, watch_now().wall);
	free(times);
	return newest;
}
