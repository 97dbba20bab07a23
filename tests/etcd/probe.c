/* probe - every call of lib/etcd from the command line, for the tests.
 *
 * probe [--endpoints L] [--cacert F] [--cert F] [--key F] [--user U]
 *       [--password-file F] [--call-ms N] [--idle-ms N] [--connect-ms N]
 *       COMMAND [ARGUMENT]...
 * Prints results as "name=value" and exits as the programs do. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "etcd/etcd_client.h"
#include "etcd/etcd_cluster.h"
#include "etcd/etcd_kv.h"
#include "etcd/etcd_maintenance.h"

static volatile sig_atomic_t stop;
static char password[128];

static void on_signal(int signal)
{
	(void)signal;
	stop = 1;
}

static struct etcd_kv_bytes text(const char *s)
{
	return (struct etcd_kv_bytes){ s, strlen(s) };
}

/* ---- maintenance ---- */

static void print_status(size_t i, const struct etcd_maintenance_status *s)
{
	printf("endpoint=%zu version=%s storage=%s revision=%" PRId64
	       " db_size=%" PRIu64 " leader=%d learner=%d no_space=%d\n", i,
	       s->version, s->storage_version, s->revision, s->db_size,
	       s->leader_id == s->member_id, s->learner, s->no_space);
}

static int do_status(struct etcd_client *c, char **a, struct err *e)
{
	struct etcd_maintenance_status s;

	(void)a;
	if (etcd_maintenance_status(c, ETCD_CLIENT_ANY, &s, e) < 0)
		return -1;
	print_status(etcd_client_used(c), &s);
	return 0;
}

static int do_status_all(struct etcd_client *c, char **a, struct err *e)
{
	static struct etcd_maintenance_status_result
		r[ETCD_CLIENT_ENDPOINTS_MAX];

	(void)a;
	(void)e;
	etcd_maintenance_status_all(c, r);
	for (size_t i = 0; i < etcd_client_count(c); i++) {
		if (r[i].rc == 0)
			print_status(i, &r[i].status);
		else
			printf("endpoint=%zu error=%s\n", i, r[i].err.text);
	}
	return 0;
}

static int do_hash_all(struct etcd_client *c, char **a, struct err *e)
{
	static struct etcd_maintenance_hash_result
		r[ETCD_CLIENT_ENDPOINTS_MAX];

	(void)e;
	etcd_maintenance_hash_all(c, a[0] ? atoll(a[0]) : 0, r);
	for (size_t i = 0; i < etcd_client_count(c); i++) {
		if (r[i].rc == 0)
			printf("endpoint=%zu hash=%" PRIu32 " compact=%" PRId64
			       " revision=%" PRId64 "\n", i, r[i].hash.hash,
			       r[i].hash.compact_revision, r[i].hash.revision);
		else
			printf("endpoint=%zu fault=%d error=%s\n", i,
			       r[i].fault, r[i].err.text);
	}
	return 0;
}

static int do_hash(struct etcd_client *c, char **a, struct err *e)
{
	struct etcd_maintenance_hash h;

	if (etcd_maintenance_hash(c, 0, a[0] ? atoll(a[0]) : 0, &h, e) < 0)
		return -1;
	printf("hash=%" PRIu32 " compact=%" PRId64 " revision=%" PRId64 "\n",
	       h.hash, h.compact_revision, h.revision);
	return 0;
}

static int do_alarms(struct etcd_client *c, char **a, struct err *e)
{
	static struct etcd_maintenance_alarms list;

	if (etcd_maintenance_alarms(c, ETCD_CLIENT_ANY, &list, e) < 0)
		return -1;
	printf("alarms=%zu\n", list.count);
	for (size_t i = 0; i < list.count; i++) {
		printf("member=%" PRIx64 " type=%u\n", list.list[i].member_id,
		       list.list[i].type);
		if (a[0] != NULL && strcmp(a[0], "disarm") == 0 &&
		    etcd_maintenance_disarm(c, &list.list[i], e) < 0)
			return -1;
	}
	return 0;
}

static int do_defragment(struct etcd_client *c, char **a, struct err *e)
{
	(void)a;
	return etcd_maintenance_defragment(c, 0, 60000, e);
}

static int do_auth(struct etcd_client *c, char **a, struct err *e)
{
	_Bool on;

	(void)a;
	if (etcd_maintenance_auth_enabled(c, &on, e) < 0)
		return -1;
	printf("auth=%d\n", on);
	return 0;
}

struct drain {
	FILE *out;
	uint64_t size, bytes, pieces, stop_at;
	useconds_t nap;
};

static int take_size(void *arg, uint64_t size, struct err *e)
{
	struct drain *d = arg;

	(void)e;
	d->size = size;
	return 0;
}

static int take_data(void *arg, const void *data, size_t len, struct err *e)
{
	struct drain *d = arg;

	d->bytes += len;
	d->pieces++;
	if (d->out != NULL && fwrite(data, 1, len, d->out) != len)
		return err_sys(e, "cannot write the snapshot");
	if (d->stop_at != 0 && d->bytes >= d->stop_at)
		return err_set(e, ERR_SYS, "the sink is full");
	if (d->nap != 0)
		(void)usleep(d->nap);
	return 0;
}

/* snapshot FILE|- [nap in us] [fail after so many bytes] */
static int do_snapshot(struct etcd_client *c, char **a, struct err *e)
{
	struct drain d = { .out = NULL };
	struct snapshot_stream_sink sink = { take_size, take_data, &d };
	struct etcd_maintenance_snapshot info;
	int rc = -1;

	if (a[0] != NULL && a[1] != NULL) {
		d.nap = (useconds_t)atoi(a[1]);
		d.stop_at = a[2] != NULL ? strtoull(a[2], NULL, 10) : 0;
	}
	if (a[0] != NULL && strcmp(a[0], "-") != 0 &&
	    (d.out = fopen(a[0], "w")) == NULL)
		return err_sys(e, "cannot write '%s'", a[0]);
	if (etcd_maintenance_snapshot(c, 0, &sink, &info, e) < 0)
		goto out;
	if (d.out != NULL)
		(void)fwrite(info.digest, 1, sizeof(info.digest), d.out);
	printf("size=%" PRIu64 " bytes=%" PRIu64 " storage=%s digest=",
	       d.size, d.bytes, info.storage_version);
	for (size_t i = 0; i < sizeof(info.digest); i++)
		printf("%02x", info.digest[i]);
	printf("\n");
	(void)fprintf(stderr, "pieces=%" PRIu64 "\n", d.pieces);
	rc = 0;
out:
	if (d.out != NULL)
		(void)fclose(d.out);
	return rc;
}

/* ---- members ---- */

static int do_members(struct etcd_client *c, char **a, struct err *e)
{
	struct etcd_cluster list = ETCD_CLUSTER_INIT;

	if (etcd_cluster_list(c, ETCD_CLIENT_ANY, a[0] == NULL, &list, e) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++)
		printf("id=%" PRIx64 " name=%s peer=%s client=%s learner=%d\n",
		       list.members[i].id, list.members[i].name,
		       list.members[i].peer_urls[0],
		       list.members[i].client_urls[0] != NULL ?
		       list.members[i].client_urls[0] : "",
		       list.members[i].learner);
	etcd_cluster_clear(&list);
	return 0;
}

static int add(struct etcd_client *c, const char *url, _Bool learner,
               struct err *e)
{
	uint64_t id;

	if (etcd_cluster_add(c, url, learner, &id, e) < 0)
		return -1;
	printf("id=%" PRIx64 "\n", id);
	return 0;
}

static int do_add(struct etcd_client *c, char **a, struct err *e)
{
	return add(c, a[0], 0, e);
}

static int do_add_learner(struct etcd_client *c, char **a, struct err *e)
{
	return add(c, a[0], 1, e);
}

static int do_remove(struct etcd_client *c, char **a, struct err *e)
{
	return etcd_cluster_remove(c, strtoull(a[0], NULL, 16), e);
}

static int do_update(struct etcd_client *c, char **a, struct err *e)
{
	return etcd_cluster_update(c, strtoull(a[0], NULL, 16), a[1], e);
}

static int do_promote(struct etcd_client *c, char **a, struct err *e)
{
	int rc = etcd_cluster_promote(c, strtoull(a[0], NULL, 16), e);

	if (etcd_client_fault(c) == ETCD_FAULT_LEARNER_BEHIND)
		printf("behind\n");
	return rc;
}

/* ---- keys ---- */

static int do_put(struct etcd_client *c, char **a, struct err *e)
{
	int64_t revision;

	if (etcd_kv_put(c, text(a[0]), text(a[1]), &revision, e) < 0)
		return -1;
	printf("revision=%" PRId64 "\n", revision);
	return 0;
}

/* fill COUNT BYTES: keys fill/000000... in transactions of up to 128 */
static int do_fill(struct etcd_client *c, char **a, struct err *e)
{
	static struct etcd_kv_pair pairs[ETCD_KV_TXN_MAX];
	static char keys[ETCD_KV_TXN_MAX][32], value[3 << 19];
	size_t count = strtoull(a[0], NULL, 10), len = strtoull(a[1], NULL, 10);
	size_t room = (1 << 20) / (len + 64), n = 0;
	int64_t revision = 0;

	if (len > sizeof(value))
		return err_set(e, ERR_USAGE, "etcd takes no value so long");
	room = room < 1 ? 1 : room > ETCD_KV_TXN_MAX ? ETCD_KV_TXN_MAX : room;
	for (size_t i = 0; i < len; i++)
		value[i] = (char)('a' + i * 7 % 26);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(keys[n], sizeof(keys[n]), "fill/%08zu", i);
		pairs[n].key = text(keys[n]);
		pairs[n].value = (struct etcd_kv_bytes){ value, len };
		if (++n < room && i + 1 < count)
			continue;
		if (etcd_kv_put_all(c, pairs, n, &revision, e) < 0)
			return -1;
		n = 0;
	}
	printf("revision=%" PRId64 "\n", revision);
	return 0;
}

static int on_pair(void *arg, const struct etcd_kv_pair *p, struct err *e)
{
	(void)arg;
	(void)e;
	printf("%.*s=%.*s\n", (int)p->key.len, (const char *)p->key.data,
	       (int)(p->value.len < 40 ? p->value.len : 40),
	       (const char *)p->value.data);
	return 0;
}

/* range PREFIX [REVISION [PAGE]] */
static int do_range(struct etcd_client *c, char **a, struct err *e)
{
	char end[256];
	struct etcd_kv_range r = { .key = text(a[0]),
		.end = etcd_kv_prefix_end(text(a[0]), end) };
	struct etcd_kv_range_info info;

	if (a[1] != NULL)
		r.revision = atoll(a[1]);
	if (a[1] != NULL && a[2] != NULL)
		r.page = (unsigned)atoi(a[2]);
	if (etcd_kv_range(c, &r, on_pair, NULL, &info, e) < 0)
		return -1;
	printf("revision=%" PRId64 " count=%" PRIu64 "\n", info.revision,
	       info.count);
	return 0;
}

static int do_count(struct etcd_client *c, char **a, struct err *e)
{
	char end[256];
	struct etcd_kv_range r = { .key = text(a[0]),
		.end = etcd_kv_prefix_end(text(a[0]), end) };
	struct etcd_kv_range_info info;

	if (etcd_kv_range(c, &r, NULL, NULL, &info, e) < 0)
		return -1;
	printf("count=%" PRIu64 "\n", info.count);
	return 0;
}

static int do_delete(struct etcd_client *c, char **a, struct err *e)
{
	struct etcd_kv_bytes one = { NULL, 0 };
	uint64_t n;

	if (etcd_kv_delete(c, text(a[0]), one, &n, e) < 0)
		return -1;
	printf("deleted=%" PRIu64 "\n", n);
	return 0;
}

static int do_compact(struct etcd_client *c, char **a, struct err *e)
{
	return etcd_kv_compact(c, atoll(a[0]), e);
}

/* twice COMMAND...: the same again after a line on stdin, on one client */
static int run(struct etcd_client *c, char **a, struct err *e);

static int do_twice(struct etcd_client *c, char **a, struct err *e)
{
	char line[16];

	if (run(c, a, e) < 0)
		return -1;
	(void)fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return err_set(e, ERR_USAGE, "no line to go on");
	return run(c, a, e);
}

static const struct {
	const char *name;
	int args;
	int (*run)(struct etcd_client *c, char **a, struct err *e);
} commands[] = {
	{ "status", 0, do_status }, { "status-all", 0, do_status_all },
	{ "hash", 0, do_hash }, { "hash-all", 0, do_hash_all },
	{ "alarms", 0, do_alarms }, { "defragment", 0, do_defragment },
	{ "auth", 0, do_auth }, { "snapshot", 0, do_snapshot },
	{ "members", 0, do_members }, { "add", 1, do_add },
	{ "add-learner", 1, do_add_learner }, { "remove", 1, do_remove },
	{ "update", 2, do_update }, { "promote", 1, do_promote },
	{ "put", 2, do_put }, { "fill", 2, do_fill }, { "range", 1, do_range },
	{ "count", 1, do_count }, { "delete", 1, do_delete },
	{ "compact", 1, do_compact }, { "twice", 1, do_twice },
};

static int run(struct etcd_client *c, char **a, struct err *e)
{
	int n = 0;

	while (a[n] != NULL)
		n++;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (n > 0 && strcmp(a[0], commands[i].name) == 0 &&
		    n > commands[i].args)
			return commands[i].run(c, a + 1, e);
	return err_set(e, ERR_USAGE, "no such command");
}

static int read_password(const char *file)
{
	FILE *f = fopen(file, "r");

	if (f == NULL || fgets(password, sizeof(password), f) == NULL) {
		perror(file);
		exit(2);
	}
	password[strcspn(password, "\n")] = '\0';
	return fclose(f);
}

static char **options(struct etcd_client_options *o, char **a)
{
	for (; a[0] != NULL && strncmp(a[0], "--", 2) == 0 && a[1] != NULL;
	     a += 2) {
		if (strcmp(a[0], "--endpoints") == 0)
			o->endpoints = a[1];
		else if (strcmp(a[0], "--cacert") == 0)
			o->ca_file = a[1];
		else if (strcmp(a[0], "--cert") == 0)
			o->cert_file = a[1];
		else if (strcmp(a[0], "--key") == 0)
			o->key_file = a[1];
		else if (strcmp(a[0], "--user") == 0)
			o->user = a[1];
		else if (strcmp(a[0], "--password-file") == 0)
			(void)read_password(a[1]);
		else if (strcmp(a[0], "--call-ms") == 0)
			o->call_ms = o->slow_ms = (unsigned)atoi(a[1]);
		else if (strcmp(a[0], "--idle-ms") == 0)
			o->idle_ms = (unsigned)atoi(a[1]);
		else if (strcmp(a[0], "--connect-ms") == 0)
			o->connect_ms = (unsigned)atoi(a[1]);
	}
	if (o->user != NULL)
		o->password = password;
	return a;
}

int main(int argc, char **argv)
{
	struct etcd_client_options o = { .endpoints = "127.0.0.1:2379",
		.stop = &stop };
	struct err e = ERR_INIT;
	struct etcd_client *c;
	char **a = options(&o, argv + (argc > 0));
	int rc = -1;

	(void)signal(SIGTERM, on_signal);
	c = etcd_client_new(&o, &e);
	if (c != NULL)
		rc = run(c, a, &e);
	etcd_client_free(c);
	if (rc < 0)
		(void)fprintf(stderr, "%s: %s\n", err_word(e.kind), e.text);
	return rc < 0 ? err_exit_code(e.kind) : 0;
}
