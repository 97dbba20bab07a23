/* take_run.h - a snapshot being taken; for the take_*.c files. */
#ifndef SNAPSHOT_TAKE_RUN_H
#define SNAPSHOT_TAKE_RUN_H

#include "base/digest.h"
#include "base/stage.h"
#include "etcd/etcd_cluster.h"
#include "etcd/etcd_maintenance.h"
#include "mvcc/image.h"
#include "snapshot/proof.h"
#include "snapshot/sink.h"
#include "snapshot/take.h"

struct take_run {
	const struct take_options *o;
	struct manifest *m;
	struct etcd_client *client;
	struct etcd_maintenance_status status;  /* of the member chosen */
	size_t endpoint;                        /* its index */
	struct etcd_cluster members;
	struct stage stage;
	struct sink *sink;
	struct image image;
	struct digest digest;                   /* of the part `db` */
	uint64_t received;
	int64_t started;                        /* seconds since 1970 */
	char name[256];                         /* without suffix, or "" */
};

/* Ask all endpoints, choose one, list the members: fills status, endpoint,
 * members. */
int take_survey(struct take_run *t, struct err *e) MUST_USE;
/* Is there room in the folder for what will come? */
int take_survey_room(const struct take_run *t, struct err *e) MUST_USE;
/* Receive, digest, check and write the database: fills image and the part. */
int take_stream(struct take_run *t, struct err *e) MUST_USE;
/* Ask all voting members for their hash and compare: fills the manifest's
 * members and verdict. */
int take_proof(struct take_run *t, struct err *e) MUST_USE;
/* What the image and the survey say, into the manifest. */
void take_manifest(struct take_run *t);

#endif
