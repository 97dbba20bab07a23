#include <inttypes.h>
#include <string.h>

#include "snapshot/take_run.h"

static int on_size(void *arg, uint64_t image_bytes, struct err *e)
{
	struct take_run *t = arg;
	const struct part part = {
		.role = PART_DATABASE, .size = image_bytes + DIGEST_LEN,
		.mode = 0600, .mtime = t->started,
	};

	if (image_open(&t->image, image_bytes, 1, t->o->dir, e) < 0)
		return -1;
	return sink_begin(t->sink, &part, e);
}

static int on_data(void *arg, const void *data, size_t len, struct err *e)
{
	struct take_run *t = arg;

	digest_update(&t->digest, data, len);
	if (image_feed(&t->image, data, len, e) < 0 ||
	    sink_write(t->sink, data, len, e) < 0)
		return -1;
	t->received += len;
	if (t->o->progress != NULL)
		t->o->progress(t->o->arg, t->received,
		               t->image.scan.image_size);
	return 0;
}

static int check_digest(struct take_run *t,
                        const struct etcd_maintenance_snapshot *got,
                        struct err *e)
{
	unsigned char ours[DIGEST_LEN];
	char a[DIGEST_HEX + 1], b[DIGEST_HEX + 1];

	if (digest_so_far(&t->digest, ours, e) < 0)
		return -1;
	if (memcmp(ours, got->digest, DIGEST_LEN) == 0)
		return 0;
	digest_hex(got->digest, DIGEST_LEN, a);
	digest_hex(ours, DIGEST_LEN, b);
	return err_set(e, ERR_CORRUPT, "%s: the database does not have the "
	               "sha-256 that the server sent with it (%s; it has %s)",
	               etcd_client_url(t->client, t->endpoint), a, b);
}

static int finish_part(struct take_run *t,
                       const struct etcd_maintenance_snapshot *got,
                       struct err *e)
{
	unsigned char sha256[DIGEST_LEN];

	digest_update(&t->digest, got->digest, DIGEST_LEN);
	if (sink_write(t->sink, got->digest, DIGEST_LEN, e) < 0 ||
	    sink_end(t->sink, e) < 0 ||
	    digest_final(&t->digest, sha256, e) < 0)
		return -1;
	manifest_add_part(t->m, PART_NAME_DATABASE, got->size + DIGEST_LEN,
	                  sha256);
	return 0;
}

static int check_image(struct take_run *t, struct err *e)
{
	const struct take_options *o = t->o;

	if (image_finish(&t->image, e) < 0 ||
	    findings_check(&t->image.findings, e) < 0) {
		(void)err_wrap(e, "the database of %s is damaged",
		               etcd_client_url(t->client, t->endpoint));
		if (e->kind == ERR_CORRUPT)
			(void)err_hint(e, "replace this member; the earlier "
			               "snapshots are untouched");
		return -1;
	}
	if (t->image.sum.revision >= o->previous.revision ||
	    o->allow_lower_revision || o->new_cluster)
		return 0;
	return err_set(e, ERR_REFUSED, "the snapshot is at revision %" PRIu64
	               ", below %" PRIu64 " of the newest one here",
	               t->image.sum.revision, o->previous.revision);
}

int take_stream(struct take_run *t, struct err *e)
{
	const struct snapshot_stream_sink sink = {
		.size = on_size, .data = on_data, .arg = t,
	};
	struct etcd_maintenance_snapshot got;

	if (digest_init(&t->digest, e) < 0 ||
	    etcd_maintenance_snapshot(t->client, t->endpoint, &sink, &got,
	                              e) < 0 ||
	    check_digest(t, &got, e) < 0 ||
	    finish_part(t, &got, e) < 0)
		return -1;
	return check_image(t, e);
}
