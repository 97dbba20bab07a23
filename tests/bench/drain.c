/* drain ENDPOINT - receive a snapshot and throw it away: the least that any
 * client of the Snapshot call has to do. */
#include <inttypes.h>
#include <stdio.h>

#include "etcd/etcd_maintenance.h"

static uint64_t bytes;

static int count(void *arg, const void *data, size_t len, struct err *e)
{
	(void)arg;
	(void)data;
	(void)e;
	bytes += len;
	return 0;
}

int main(int argc, char **argv)
{
	const struct snapshot_stream_sink sink = { .data = count };
	struct etcd_client_options o = { 0 };
	struct etcd_maintenance_snapshot got;
	struct err e = ERR_INIT;
	struct etcd_client *c;
	int rc = -1;

	if (argc < 2)
		return 2;
	o.endpoints = argv[1];
	o.ca_file = argc > 2 ? argv[2] : NULL;
	o.cert_file = argc > 3 ? argv[3] : NULL;
	o.key_file = argc > 4 ? argv[4] : NULL;
	c = etcd_client_new(&o, &e);
	if (c != NULL)
		rc = etcd_maintenance_snapshot(c, 0, &sink, &got, &e);
	if (rc < 0)
		(void)fprintf(stderr, "drain: %s\n", e.text);
	else
		(void)printf("%" PRIu64 " bytes\n", bytes);
	etcd_client_free(c);
	return rc < 0;
}
