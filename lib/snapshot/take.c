#include "snapshot/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "snapshot/archive_out.h"
#include "snapshot/manifest_print.h"
#include "snapshot/name.h"
#include "snapshot/rkezip_out.h"
#include "snapshot/take_run.h"

static const char *suffix(const struct take_run *t)
{
	return t->o->format == TAKE_RKE_ZIP ? RKEZIP_OUT_SUFFIX
	                                    : ARCHIVE_OUT_SUFFIX;
}

/* RKE looks its entries up by the name of the file, so a zip needs its name at
 * once; ours bears the revision, which only the stream tells. */
static int choose_name(struct take_run *t, struct err *e)
{
	char time[CLOCK_TEXT];
	char file[sizeof(t->name) + 16];

	if (t->o->name != NULL) {
		char checked[NAME_MAX_LEN + 1];

		if (name_check(t->o->name, checked, e) < 0)
			return -1;
		(void)snprintf(t->name, sizeof(t->name), "%s", checked);
	} else if (t->o->format == TAKE_RKE_ZIP) {
		clock_format_utc(t->started * CLOCK_NS, time);
		(void)snprintf(t->name, sizeof(t->name), "%s_etcd", time);
	} else {
		return 0;
	}
	(void)snprintf(file, sizeof(file), "%s%s", t->name, suffix(t));
	if (faccessat(t->stage.dirfd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_REFUSED, "'%s/%s' exists", t->o->dir,
		               file);
	return 0;
}

static int open_file(struct take_run *t, struct err *e)
{
	char temporary[64];

	(void)snprintf(temporary, sizeof(temporary), "lifeboat-%ld",
	               (long)getpid());
	if (stage_open(&t->stage, t->o->dir, temporary, 0600, e) < 0 ||
	    choose_name(t, e) < 0)
		return -1;
	if (t->o->format == TAKE_RKE_ZIP)
		return rkezip_out_new(&t->sink, &t->stage, t->name, e);
	return archive_out_new(&t->sink, &t->stage, t->o->level, 1, e);
}

static int add_file(struct take_run *t, enum part_role role, const char *name,
                    const char *path, struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_STATE);
	unsigned char sha256[DIGEST_LEN];
	int rc = -1;

	if (path == NULL || !sink_takes(t->sink, role))
		return 0;
	if (file_read(path, &text, e) == 0 &&
	    digest_of(text.data, text.len, sha256, e) == 0 &&
	    sink_whole(t->sink, role, t->started, text.data, text.len,
	               e) == 0) {
		manifest_add_part(t->m, name, text.len, sha256);
		rc = 0;
	}
	file_wipe(&text);
	return rc;
}

static int finish_file(struct take_run *t, struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_TEXT);
	int rc = -1;

	if (manifest_print(t->m, &text, e) == 0 &&
	    sink_finish(t->sink, text.data, text.len, e) == 0 &&
	    stage_sync(&t->stage, e) == 0 &&
	    sink_readback(t->sink, e) == 0)
		rc = 0;
	buf_close(&text);
	return rc;
}

static void set_times(struct take_run *t, int64_t begun_ms)
{
	char text[CLOCK_TEXT];

	clock_format_utc(t->started * CLOCK_NS, text);
	manifest_set(t->m, &t->m->started, text);
	clock_format_utc(clock_wall_ns(), text);
	manifest_set(t->m, &t->m->finished, text);
	t->m->duration_ms = (uint64_t)(clock_monotonic_ms() - begun_ms);
}

static int publish(struct take_run *t, struct take_result *out, struct err *e)
{
	(void)snprintf(out->file, sizeof(out->file), "%s%s", t->m->name,
	               suffix(t));
	out->file_bytes = t->stage.size;
	return stage_publish_as(&t->stage, out->file, e);
}

static int run(struct take_run *t, struct take_result *out, struct err *e)
{
	const struct take_options *o = t->o;
	int64_t begun_ms = clock_monotonic_ms();

	t->client = etcd_client_new(&o->etcd, e);
	if (t->client == NULL || take_survey(t, e) < 0 ||
	    take_survey_room(t, e) < 0 || open_file(t, e) < 0 ||
	    take_stream(t, e) < 0 || take_proof(t, e) < 0)
		return -1;
	take_manifest(t);
	if (t->name[0] == '\0')
		name_make(t->name, t->started, o->node,
		          t->image.sum.revision);
	manifest_set(t->m, &t->m->name, t->name);
	if (add_file(t, PART_CONFIG, PART_NAME_CONFIG, o->config_file, e) < 0 ||
	    add_file(t, PART_STATE, PART_NAME_STATE, o->state_file, e) < 0)
		return -1;
	set_times(t, begun_ms);
	if (finish_file(t, e) < 0)
		return -1;
	return publish(t, out, e);
}

int take_snapshot(const struct take_options *o, struct take_result *out,
                  struct err *e)
{
	struct take_run t = {
		.o = o, .m = &out->manifest, .stage = STAGE_INIT,
		.image = IMAGE_INIT, .digest = DIGEST_INIT,
		.members = ETCD_CLUSTER_INIT,
		.started = clock_wall_ns() / CLOCK_NS,
	};
	int rc = run(&t, out, e);

	sink_free(t.sink);
	stage_close(&t.stage);
	image_close(&t.image);
	digest_clear(&t.digest);
	etcd_cluster_clear(&t.members);
	etcd_client_free(t.client);
	return rc;
}

void take_clear(struct take_result *r)
{
	manifest_clear(&r->manifest);
}
