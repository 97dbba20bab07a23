/* A snapshot is taken of a real database by all of the program's own code; only
 * the wire is replaced: grpc_run_all() is this file's, and answers as the
 * member would whose database it is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../snapshotd/folder_work.h"
#include "base/digest.h"
#include "etcd/rpc.pb-c.h"
#include "net/grpc.h"
#include "snapshot/verify.h"
#include "torture.h"

enum { FILE_MAX = 256 << 10, PIECE = 32 << 10 };
#define OLD "old.tar.zst"

struct bytes {
	unsigned char data[FILE_MAX];
	size_t len;
};
static struct bytes database, old, status, members, hash, message[8];
static unsigned messages;

/* ---- the member ---- */

static void answer(struct grpc_call *c, const struct bytes *b)
{
	buf_append(c->reply, b->data, b->len);
	c->rc = buf_check(c->reply, &c->err);
}

static void stream(struct grpc_call *c)
{
	const struct grpc_frame_sink *s = c->sink;

	c->rc = 0;
	for (unsigned i = 0; c->rc == 0 && i < messages; i++) {
		const struct bytes *m = &message[i];

		if (s->begin(s->arg, m->len, &c->err) < 0 ||
		    s->bytes(s->arg, m->data, m->len / 3, &c->err) < 0 ||
		    s->bytes(s->arg, m->data + m->len / 3,
		             m->len - m->len / 3, &c->err) < 0 ||
		    s->end(s->arg, &c->err) < 0)
			c->rc = -1;
	}
}

void grpc_run_all(struct http *h, struct grpc_call *const *calls, size_t n,
                  const volatile sig_atomic_t *stop)
{
	(void)h;
	(void)stop;
	for (size_t i = 0; i < n; i++) {
		struct grpc_call *c = calls[i];

		c->rc = c->status = 0;
		c->unsent = c->too_long = c->began = 0;
		c->err = (struct err)ERR_INIT;
		if (strstr(c->method, "/Snapshot") != NULL)
			stream(c);
		else if (strstr(c->method, "/Status") != NULL)
			answer(c, &status);
		else if (strstr(c->method, "/HashKV") != NULL)
			answer(c, &hash);
		else if (strstr(c->method, "/MemberList") != NULL)
			answer(c, &members);
		else
			c->rc = err_set(&c->err, ERR_REFUSED, "unknown method");
	}
}

int grpc_run(struct http *h, struct grpc_call *call,
             const volatile sig_atomic_t *stop, struct err *e)
{
	grpc_run_all(h, &call, 1, stop);
	if (call->rc < 0)
		*e = call->err;
	return call->rc;
}

static void pack(const ProtobufCMessage *m, struct bytes *to)
{
	to->len = protobuf_c_message_pack(m, to->data);
}

/* A SnapshotResponse: remaining_bytes (2) and blob (3). */
static void pack_blob(uint64_t remaining, const void *blob, size_t len)
{
	struct bytes *m = &message[messages++];
	unsigned char *p = m->data;

	*p++ = 2 << 3;
	for (; remaining > 0x7f; remaining >>= 7)
		*p++ = (unsigned char)(remaining | 0x80);
	*p++ = (unsigned char)remaining;
	*p++ = 3 << 3 | 2;
	*p++ = (unsigned char)(len | 0x80);
	*p++ = (unsigned char)(len >> 7 | 0x80);
	*p++ = (unsigned char)(len >> 14);
	(void)memcpy(p, blob, len);
	m->len = (size_t)(p - m->data) + len;
}

static int prepare_stream(void)
{
	unsigned char sha256[DIGEST_LEN];
	struct err e = ERR_INIT;

	for (size_t at = 0; at < database.len; at += PIECE) {
		size_t left = database.len - at;
		size_t n = left < PIECE ? left : PIECE;

		pack_blob(database.len - at - n, database.data + at, n);
	}
	if (digest_of(database.data, database.len, sha256, &e) < 0)
		return -1;
	pack_blob(0, sha256, sizeof(sha256));
	return 0;
}

static int prepare_answers(void)
{
	Etcd__Header head = ETCD__HEADER__INIT;
	Etcd__StatusResponse st = ETCD__STATUS_RESPONSE__INIT;
	Etcd__HashKvResponse kv = ETCD__HASH_KV_RESPONSE__INIT;
	Etcd__Members list = ETCD__MEMBERS__INIT;
	Etcd__Member m = ETCD__MEMBER__INIT, *all[] = { &m };
	char url[] = "http://127.0.0.1:1", *urls[] = { url };
	char name[] = "one", version[] = "3.5.30";
	struct image im = IMAGE_INIT;
	struct err e = ERR_INIT;

	if (image_open(&im, database.len, 1, "/tmp", &e) < 0 ||
	    image_feed(&im, database.data, database.len, &e) < 0 ||
	    image_finish(&im, &e) < 0 ||
	    image_hash_kv(&im, im.sum.revision,
	                  image_effective_compaction(&im.sum), &kv.hash,
	                  &e) < 0)
		return -1;
	head.cluster_id = 7;
	head.member_id = m.id = st.leader = 8;
	head.revision = kv.hash_revision = (int64_t)im.sum.revision;
	kv.compact_revision = image_effective_compaction(&im.sum);
	st.header = kv.header = list.header = &head;
	st.version = version;
	st.db_size = st.db_size_in_use = (int64_t)database.len;
	m.name = name;
	m.client_urls = urls;
	m.n_client_urls = list.n_members = 1;
	list.members = all;
	pack(&st.base, &status);
	pack(&kv.base, &hash);
	pack(&list.base, &members);
	image_close(&im);
	return prepare_stream();
}

/* ---- files ---- */

static int load(const char *path, struct bytes *b)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return -1;
	b->len = fread(b->data, 1, sizeof(b->data), f);
	return fclose(f);
}

static int put(const char *dir, const char *name, const struct bytes *b)
{
	char path[300];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (f == NULL)
		return -1;
	n = fwrite(b->data, 1, b->len, f);
	return fclose(f) != 0 || n != b->len ? -1 : 0;
}

static int load_database(void)
{
	FILE *f = popen("zcat tests/data/etcd/tree-3.5.30.db.gz", "r");

	if (f == NULL)
		return -1;
	database.len = fread(database.data, 1, sizeof(database.data), f);
	if (pclose(f) != 0)
		return -1;
	database.len -= database.len % 512;
	return 0;
}

/* ---- the scenarios ---- */

static int save(const char *dir, const char *name, enum take_format format,
                _Bool in_folder, struct err *e)
{
	char config[300], state[300], folder[256];
	struct take_result r = TAKE_RESULT_INIT;
	struct settings s = { .dir = folder };
	struct take_options o = {
		.etcd.endpoints = "http://127.0.0.1:1", .dir = dir,
		.name = name, .node = "n", .format = format, .level = 1,
		.config_file = config, .state_file = state,
	};
	int rc;

	(void)snprintf(folder, sizeof(folder), "%s", dir);
	(void)snprintf(config, sizeof(config), "%s/parts/yml", dir);
	(void)snprintf(state, sizeof(state), "%s/parts/state", dir);
	rc = in_folder ? folder_work_save(&s, &o, &r, e)
	               : take_snapshot(&o, &r, e);
	take_clear(&r);
	/* A run that was cut short after the name was given has done it. */
	if (rc < 0 && e->kind == ERR_REFUSED && strstr(e->text, "exists"))
		rc = 0;
	return rc;
}

static int lay_parts(const char *dir)
{
	char parts[300];

	(void)snprintf(parts, sizeof(parts), "%s/parts", dir);
	return mkdir(parts, 0700) < 0 ? -1 :
	       torture_put(parts, "yml", "nodes:\n") < 0 ? -1 :
	       torture_put(parts, "state", "{\"a\":1}");
}

static int lay_old(const char *dir)
{
	return lay_parts(dir) < 0 ? -1 : put(dir, OLD, &old);
}

static int take_archive(const char *dir, struct err *e)
{
	return save(dir, "new", TAKE_ARCHIVE, 0, e);
}

static int take_zip(const char *dir, struct err *e)
{
	return save(dir, "new", TAKE_RKE_ZIP, 0, e);
}

static int save_archive(const char *dir, struct err *e)
{
	return save(dir, "new", TAKE_ARCHIVE, 1, e);
}

/* Is the file a whole snapshot?  -1: it does not exist. */
static int whole(const char *dir, const char *name, _Bool verdict)
{
	const struct verify_options o = { .spill_dir = "/tmp" };
	struct verify_report r = VERIFY_REPORT_INIT;
	struct err e = ERR_INIT;
	char path[300];
	int fd, ok;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	ok = verify_file(fd, &o, &r, &e) == 0 && r.ok &&
	     (!verdict || r.manifest.verdict == MANIFEST_VERIFIED);
	verify_clear(&r);
	(void)close(fd);
	return ok;
}

static const char *look(const char *dir, const char *name, _Bool verdict,
                        unsigned allowed, const struct torture_case *c)
{
	static struct bytes now;
	char path[300];
	int ok = whole(dir, name, verdict);

	(void)snprintf(path, sizeof(path), "%s/%s", dir, OLD);
	if (load(path, &now) < 0 || now.len != old.len ||
	    memcmp(now.data, old.data, old.len) != 0)
		return "the older snapshot was touched";
	if (ok == 0)
		return "a file has the final name that is no whole snapshot";
	if (ok < 0 && c->rc == 0)
		return "no snapshot after a success";
	return torture_leftovers(dir) > allowed ? "a part was left" : NULL;
}

/* Leftovers are allowed to a killed run and when removing them failed. */
static unsigned may_leave(const struct torture_case *c)
{
	return c->mode == TORTURE_CRASH ||
	       (c->mode == TORTURE_FAIL && strcmp(c->call, "unlinkat") == 0);
}

/* Those of earlier runs are not take_snapshot()'s to clear away. */
static unsigned may_find(const struct torture_case *c)
{
	return may_leave(c) || c->mode == TORTURE_RECOVER;
}

static const char *look_taken(const char *dir, const struct torture_case *c)
{
	return look(dir, "new.tar.zst", 1, may_find(c), c);
}

static const char *look_zip(const char *dir, const struct torture_case *c)
{
	return look(dir, "new.zip", 0, may_find(c), c);
}

static const char *look_saved(const char *dir, const struct torture_case *c)
{
	return look(dir, "new.tar.zst", 1, may_leave(c), c);
}

/* The older snapshot is one that the same code took before. */
static int make_old(void)
{
	char dir[] = "/tmp/take-XXXXXX", path[64], cmd[64];
	struct err e = ERR_INIT;
	int rc = -1;

	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, OLD);
	if (lay_parts(dir) == 0 && save(dir, "old", TAKE_ARCHIVE, 1, &e) == 0)
		rc = load(path, &old);
	if (rc < 0)
		(void)printf("FAILED take: %s\n", e.text);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd) != 0 ? -1 : rc;
}

static const struct torture all[] = {
	{ .name = "take: archive", .prepare = lay_old, .run = take_archive,
	  .check = look_taken },
	{ .name = "take: zip", .prepare = lay_old, .run = take_zip,
	  .check = look_zip },
	/* What the folder holds may be unreadable, and the lock unsigned; all
	 * other failures of these calls are tried above. */
	{ .name = "take: save", .prepare = lay_old, .run = save_archive,
	  .check = look_saved, .may_ignore = "openat pread malloc calloc "
	  "realloc strndup ftruncate pwrite" },
};

int main(int argc, char **argv)
{
	if (load_database() < 0 || prepare_answers() < 0 || make_old() < 0)
		return 1;
	return torture_main(argc, argv, all, sizeof(all) / sizeof(all[0]));
}
