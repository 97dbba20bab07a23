/* fill ENDPOINTS BYTES SEED [CA CERT KEY] - put objects into an etcd.
 *
 * Values like Kubernetes objects: JSON of 300 bytes to 6 KiB with what such
 * objects are made of, the same words over and over and some that occur once
 * (uids, hashes, addresses).  zstd's level 1 makes about a fifth of it.  A
 * tenth of the keys is written twice. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "etcd/etcd_kv.h"

enum { BATCH = 100, VALUE_MAX = 8192, WORDS = 2000 };

static uint64_t state;

/* xorshift64* (Vigna, 2016): the same values for the same seed. */
static uint64_t draw(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717)) % below;
}

static const char *word(void)
{
	static char words[WORDS][12];

	if (words[0][0] == '\0')
		for (size_t i = 0; i < WORDS; i++)
			for (size_t k = 0; k < 4 + i % 7; k++)
				words[i][k] = (char)('a' + draw(26));
	return words[draw(WORDS)];
}

static void fields(struct buf *b)
{
	buf_puts(b, ",\"managedFields\":[{\"manager\":\"kubelet\","
	         "\"operation\":\"Update\",\"apiVersion\":\"v1\","
	         "\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:status\":{"
	         "\"f:conditions\":{\"k:{\\\"type\\\":"
	         "\\\"ContainersReady\\\"}\":{\".\":{},"
	         "\"f:lastProbeTime\":{},\"f:lastTransitionTime\":{},"
	         "\"f:status\":{},\"f:type\":{}},"
	         "\"k:{\\\"type\\\":\\\"Ready\\\"}\":{\".\":{},"
	         "\"f:lastProbeTime\":{},\"f:lastTransitionTime\":{},"
	         "\"f:status\":{},\"f:type\":{}}},"
	         "\"f:containerStatuses\":{},"
	         "\"f:hostIP\":{},\"f:phase\":{},\"f:podIP\":{}}}}]");
}

static void object(struct buf *b, uint64_t i)
{
	uint64_t lines = draw(10) == 0 ? draw(60) : draw(14);

	buf_printf(b, "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
	           "\"name\":\"%s-%" PRIu64 "\",\"namespace\":\"team-%" PRIu64
	           "\",\"uid\":\"%08" PRIx64 "-%04" PRIx64 "-%012" PRIx64
	           "\",\"labels\":{\"app\":\"%s\",\"pod-template-hash\":\"%08"
	           PRIx64 "\"}", word(), i, i % 40, draw(UINT32_MAX),
	           draw(65536), draw(UINT64_C(1) << 48), word(),
	           draw(UINT32_MAX));
	if (draw(3) > 0)
		fields(b);
	buf_puts(b, "},\"spec\":{\"containers\":[{\"env\":[");
	for (uint64_t k = 0; k < lines; k++)
		buf_printf(b, "%s{\"name\":\"%s\",\"value\":\"%s-%04" PRIx64
		           "\"}", k > 0 ? "," : "", word(), word(),
		           draw(65536));
	buf_printf(b, "],\"image\":\"registry.local/%s/%s:1.%" PRIu64
	           "\",\"resources\":{\"limits\":{"
	           "\"cpu\":\"100m\","
	           "\"memory\":\"%" PRIu64 "Mi\"}}}],"
	           "\"nodeName\":\"node-%" PRIu64 "\"},"
	           "\"status\":{\"phase\":\"Running\","
	           "\"podIP\":\"10.42.%" PRIu64 ".%" PRIu64 "\","
	           "\"containerStatuses\":[{\"containerID\":\"docker://%016"
	           PRIx64 "%016" PRIx64 "\"}]}}", word(),
	           word(), draw(99), 64 * draw(16), draw(40), draw(40),
	           draw(250), draw(UINT64_MAX), draw(UINT64_MAX));
}

static int put_batch(struct etcd_client *c, uint64_t first, uint64_t *bytes,
                     struct err *e)
{
	static char keys[BATCH][80];
	static struct buf values[BATCH];
	struct etcd_kv_pair pairs[BATCH] = { 0 };

	for (uint64_t i = 0; i < BATCH; i++) {
		/* Every tenth key is one that was there before. */
		uint64_t n = first + i;
		uint64_t id = n % 10 == 9 ? draw(n + 1) : n;

		values[i].max = VALUE_MAX;
		buf_clear(&values[i]);
		object(&values[i], id);
		/* etcd takes a key once in a transaction. */
		(void)snprintf(keys[i], sizeof(keys[i]), "/registry/pods/team-%"
		               PRIu64 "/p%" PRIu64 "%s", id % 40, id,
		               n % 10 == 9 && id >= first ? "-new" : "");
		pairs[i].key.data = keys[i];
		pairs[i].key.len = strlen(keys[i]);
		pairs[i].value.data = values[i].data;
		pairs[i].value.len = values[i].len;
		*bytes += values[i].len;
		for (uint64_t k = 0; k < i; k++)
			if (strcmp(keys[k], keys[i]) == 0)
				pairs[i].key.len--, keys[i][0] = '=';
	}
	return etcd_kv_put_all(c, pairs, BATCH, NULL, e);
}

int main(int argc, char **argv)
{
	struct etcd_client_options o = { .call_ms = 60000 };
	struct etcd_client *c;
	struct err e = ERR_INIT;
	uint64_t bytes = 0, n = 0, want;
	int rc = 0;

	if (argc != 4 && argc != 7) {
		(void)fprintf(stderr, "usage: fill ENDPOINTS BYTES SEED "
		              "[CA CERT KEY]\n");
		return 2;
	}
	o.endpoints = argv[1];
	want = strtoull(argv[2], NULL, 10);
	if (argc == 7) {
		o.ca_file = argv[4];
		o.cert_file = argv[5];
		o.key_file = argv[6];
	}
	state = strtoull(argv[3], NULL, 10) + UINT64_C(0x9e3779b97f4a7c15);
	c = etcd_client_new(&o, &e);
	if (c == NULL)
		rc = -1;
	for (; rc == 0 && bytes < want; n += BATCH)
		rc = put_batch(c, n, &bytes, &e);
	if (rc < 0)
		(void)fprintf(stderr, "fill: %s\n", e.text);
	else
		(void)printf("%" PRIu64 " writes, %" PRIu64 " bytes\n", n,
		             bytes);
	etcd_client_free(c);
	return rc < 0;
}
