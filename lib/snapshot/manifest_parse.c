#include "snapshot/manifest_parse.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "snapshot/archive_in.h"

#define X(name, word) word,
static const char *const verdicts[] = { MANIFEST_VERDICTS(X) };
static const char *const matches[] = { MANIFEST_MATCHES(X) };
static const char *const results[] = { MANIFEST_RESULTS(X) };
static const char *const triggers[] = { MANIFEST_TRIGGERS(X) };
#undef X
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The plain fields, by their path in the JSON. */
#define AT(field) offsetof(struct manifest, field)
struct field {
	const char *path;
	size_t at;
	_Bool required;
};
static const struct field texts[] = {
	{ "name", AT(name), 1 },
	{ "lifeboat", AT(lifeboat), 0 },
	{ "host", AT(host), 0 },
	{ "node", AT(node), 0 },
	{ "started", AT(started), 0 },
	{ "finished", AT(finished), 0 },
	{ "etcd.memberName", AT(member_name), 0 },
	{ "etcd.serverVersion", AT(server_version), 0 },
	{ "etcd.clusterVersion", AT(cluster_version), 0 },
	{ "etcd.storageVersion", AT(storage_version), 0 },
};
static const struct field numbers[] = {
	{ "durationMs", AT(duration_ms), 0 },
	{ "database.revision", AT(revision), 1 },
	{ "database.raftIndex", AT(raft_index), 0 },
	{ "database.raftTerm", AT(raft_term), 0 },
	{ "database.totalKeys", AT(total_keys), 0 },
	{ "database.liveKeys", AT(live_keys), 0 },
	{ "database.imageSize", AT(image_size), 1 },
	{ "hashKv.revision", AT(hash_revision), 0 },
};
static const struct field signeds[] = {
	{ "database.compactRevision", AT(compact_revision), 0 },
	{ "hashKv.compactRevision", AT(hash_compact_revision), 0 },
};
static const struct field ids[] = {
	{ "etcd.clusterId", AT(cluster_id), 1 },
	{ "etcd.memberId", AT(member_id), 0 },
};

/* An optional text of bounded length. */
static int text(const struct json *j, const char *path, const char **out,
                struct err *e)
{
	if (json_opt_str(j, path, out, e) < 0)
		return -1;
	if (*out != NULL && strlen(*out) > MANIFEST_TEXT)
		return err_set(e, ERR_CORRUPT, "'%s' is longer than %d bytes",
		               path, MANIFEST_TEXT);
	return 0;
}

/* One of the words; absent: the first, which promises least. */
static int word(const struct json *j, const char *path,
                const char *const *words, size_t n, unsigned *out,
                struct err *e)
{
	const char *s = words[0];

	if (json_opt_str(j, path, &s, e) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(words[i], s) == 0) {
			*out = i;
			return 0;
		}
	return err_set(e, ERR_CORRUPT, "'%s': unknown word '%.40s'", path, s);
}

static int u32(const struct json *j, const char *path, uint32_t *out,
               struct err *e)
{
	uint64_t v = *out;

	if (json_opt_u64(j, path, &v, e) < 0)
		return -1;
	if (v > UINT32_MAX)
		return err_set(e, ERR_CORRUPT, "'%s' is above 32 bits", path);
	*out = (uint32_t)v;
	return 0;
}

static int present(const struct json *j, const struct field *f, size_t n,
                   struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].required && json_find(j, f[i].path) == NULL)
			return err_set(e, ERR_CORRUPT, "'%s' is missing",
			               f[i].path);
	return 0;
}

static int parse_fields(struct manifest *m, const struct json *j,
                        struct err *e)
{
	char *base = (char *)m;

	if (present(j, texts, COUNT(texts), e) < 0 ||
	    present(j, numbers, COUNT(numbers), e) < 0 ||
	    present(j, ids, COUNT(ids), e) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *s = NULL;

		if (text(j, texts[i].path, &s, e) < 0)
			return -1;
		manifest_set(m, (char **)(void *)(base + texts[i].at), s);
	}
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (json_opt_u64(j, numbers[i].path,
		                 (uint64_t *)(void *)(base + numbers[i].at),
		                 e) < 0)
			return -1;
	for (size_t i = 0; i < COUNT(signeds); i++)
		if (json_opt_i64(j, signeds[i].path,
		                 (int64_t *)(void *)(base + signeds[i].at),
		                 e) < 0)
			return -1;
	for (size_t i = 0; i < COUNT(ids); i++)
		if (json_opt_hex(j, ids[i].path,
		                 (uint64_t *)(void *)(base + ids[i].at),
		                 e) < 0)
			return -1;
	return 0;
}

/* One item of a list; its path is in the error already. */
typedef int (*parse_one)(struct manifest *m, const struct json *j,
                         struct err *e);

static int parse_endpoint(struct manifest *m, const struct json *j,
                          struct err *e)
{
	const char *s = NULL;

	if (text(j, "", &s, e) < 0)
		return -1;
	manifest_add_endpoint(m, s == NULL ? "" : s);
	return 0;
}

static int parse_warning(struct manifest *m, const struct json *j,
                         struct err *e)
{
	const char *s = NULL;

	if (text(j, "", &s, e) < 0)
		return -1;
	manifest_warn(m, "%s", s == NULL ? "" : s);
	return 0;
}

static int parse_bucket(struct manifest *m, const struct json *j,
                        struct err *e)
{
	const char *name = "";
	uint64_t keys = 0;

	if (text(j, "name", &name, e) < 0 ||
	    json_get_u64(j, "keys", &keys, e) < 0)
		return -1;
	manifest_add_bucket(m, name, keys);
	return 0;
}

static int parse_part(struct manifest *m, const struct json *j, struct err *e)
{
	const char *name = NULL, *hex = NULL;
	unsigned char md[DIGEST_LEN];
	uint64_t size = 0;

	if (json_get_str(j, "name", &name, e) < 0 ||
	    text(j, "name", &name, e) < 0 ||
	    json_get_u64(j, "size", &size, e) < 0 ||
	    json_get_str(j, "sha256", &hex, e) < 0)
		return -1;
	if (!digest_unhex(hex, md, DIGEST_LEN))
		return err_set(e, ERR_CORRUPT,
		               "'sha256': expected %d hex digits", DIGEST_HEX);
	manifest_add_part(m, name, size, md);
	return 0;
}

static int parse_member(struct manifest *m, const struct json *j,
                        struct err *e)
{
	struct manifest_member p = { .compact_revision = -1 };
	const char *name = NULL, *endpoint = NULL, *reason = NULL;
	unsigned result = 0;

	if (json_get_hex(j, "id", &p.id, e) < 0 ||
	    text(j, "name", &name, e) < 0 ||
	    text(j, "endpoint", &endpoint, e) < 0 ||
	    text(j, "reason", &reason, e) < 0 ||
	    word(j, "result", matches, COUNT(matches), &result, e) < 0 ||
	    u32(j, "hash", &p.hash, e) < 0 ||
	    json_opt_i64(j, "compactRevision", &p.compact_revision, e) < 0)
		return -1;
	p.result = (enum manifest_match)result;
	manifest_add_member(m, &p);
	if (m->failed)
		return 0;
	manifest_set(m, &m->members[m->member_count - 1].name, name);
	manifest_set(m, &m->members[m->member_count - 1].endpoint, endpoint);
	manifest_set(m, &m->members[m->member_count - 1].reason, reason);
	return 0;
}

static int parse_check(struct manifest *m, const struct json *j,
                       struct err *e)
{
	const char *name = NULL, *note = NULL;
	unsigned result = 0;

	if (json_get_str(j, "name", &name, e) < 0 ||
	    text(j, "name", &name, e) < 0 || text(j, "note", &note, e) < 0 ||
	    word(j, "result", results, COUNT(results), &result, e) < 0)
		return -1;
	manifest_add_check(m, name, (enum manifest_result)result, note);
	return 0;
}

static int parse_lists(struct manifest *m, const struct json *root,
                       struct err *e)
{
	static const struct {
		const char *path;
		size_t max;
		parse_one one;
	} lists[] = {
		{ "etcd.endpoints", MANIFEST_ENDPOINTS, parse_endpoint },
		{ "database.buckets", MANIFEST_BUCKETS, parse_bucket },
		{ "members", MANIFEST_MEMBERS, parse_member },
		{ "parts", MANIFEST_PARTS, parse_part },
		{ "checks", MANIFEST_CHECKS, parse_check },
		{ "warnings", MANIFEST_WARNINGS, parse_warning },
	};

	for (size_t k = 0; k < COUNT(lists); k++) {
		const struct json *list = NULL;

		if (json_opt_list(root, lists[k].path, &list, e) < 0)
			return -1;
		if (json_count(list) > lists[k].max)
			return err_set(e, ERR_CORRUPT, "'%s' has more than %zu "
			               "items", lists[k].path, lists[k].max);
		for (size_t i = 0; i < json_count(list); i++)
			if (lists[k].one(m, json_item(list, i), e) < 0)
				return err_wrap(e, "%s[%zu]", lists[k].path, i);
	}
	return 0;
}

static int parse_rest(struct manifest *m, const struct json *j, struct err *e)
{
	const char *hex = NULL;
	unsigned verdict = 0, trigger = 0;
	unsigned char b[4];

	if (word(j, "verdict", verdicts, COUNT(verdicts), &verdict, e) < 0 ||
	    word(j, "trigger", triggers, COUNT(triggers), &trigger, e) < 0 ||
	    u32(j, "hashKv.hash", &m->hash, e) < 0 ||
	    json_get_str(j, "database.statusHash", &hex, e) < 0)
		return -1;
	if (!digest_unhex(hex, b, sizeof(b)))
		return err_set(e, ERR_CORRUPT, "'database.statusHash': "
		               "expected 8 hex digits");
	m->verdict = (enum manifest_verdict)verdict;
	m->trigger = (enum manifest_trigger)trigger;
	m->status_hash = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	                 (uint32_t)b[2] << 8 | b[3];
	return parse_lists(m, j, e);
}

static int parse(struct manifest *m, const struct json *j, struct err *e)
{
	uint64_t schema = 0;

	if (json_get_u64(j, "schema", &schema, e) < 0)
		return -1;
	if (schema > MANIFEST_SCHEMA) {
		(void)err_set(e, ERR_REFUSED, "the manifest has schema %llu, "
		              "this program knows up to %d",
		              (unsigned long long)schema, MANIFEST_SCHEMA);
		return err_hint(e, "use a newer lifeboat");
	}
	if (schema < 1)
		return err_set(e, ERR_CORRUPT, "'schema' is 0");
	if (parse_fields(m, j, e) < 0 || parse_rest(m, j, e) < 0)
		return -1;
	return m->failed ? err_nomem(e) : 0;
}

int manifest_parse(struct manifest *m, const char *data, size_t len,
                        struct err *e)
{
	struct json *j = NULL;
	int rc = json_parse(&j, data, len, BUF_MAX_TEXT, e);

	if (rc == 0)
		rc = parse(m, j, e);
	json_free(j);
	return rc < 0 ? err_wrap(e, "manifest") : 0;
}

static int read_by(struct manifest *m, int fd, _Bool fast, struct err *e)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);
	int rc = fast ? archive_in_manifest_fast(fd, &b, e)
	              : archive_in_manifest(fd, &b, e);

	if (rc == 0)
		rc = manifest_parse(m, b.data == NULL ? "" : b.data,
		                         b.len, e);
	buf_close(&b);
	return rc;
}

int manifest_parse_fast(struct manifest *m, int fd, struct err *e)
{
	return read_by(m, fd, 1, e);
}

int manifest_parse_file(struct manifest *m, const char *path, struct err *e)
{
	int rc, fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0) {
		(void)err_sys(e, "cannot open '%s'", path);
		if (e->sys == ENOENT)
			e->kind = ERR_MISSING;
		return -1;
	}
	rc = read_by(m, fd, 0, e);
	(void)close(fd);
	return rc < 0 ? err_wrap(e, "'%s'", path) : 0;
}
