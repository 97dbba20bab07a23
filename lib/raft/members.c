#include "raft/members.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/utf8.h"
#include "bolt/bytes.h"
#include "raft/url.h"

/* ---- parsing ---- */

/* etcd writes the name as JSON, and text that is not UTF-8 not as it came. */
static int check_name(const char *name, size_t len, struct err *e)
{
	uint32_t c;
	size_t n;

	if (len == 0 || len > MEMBERS_NAME_LEN)
		return err_set(e, ERR_USAGE, "a member's name has 1 to %d "
		               "bytes", MEMBERS_NAME_LEN);
	for (size_t i = 0; i < len; i += n) {
		n = utf8_decode(name + i, len - i, &c);
		if (n == 0)
			return err_set(e, ERR_USAGE, "a member's name is not "
			               "UTF-8");
		if (c < ' ' || c == 0x7f)
			return err_set(e, ERR_USAGE, "a member's name holds a "
			               "control character");
	}
	return 0;
}

static struct members_one *named(const struct members *m, const char *name,
                                 size_t len)
{
	for (size_t i = 0; i < m->n; i++)
		if (strlen(m->list[i].name) == len &&
		    memcmp(m->list[i].name, name, len) == 0)
			return &m->list[i];
	return NULL;
}

static _Bool url_taken(const struct members *m, const char *url)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; k < m->list[i].n_urls; k++)
			if (strcmp(m->list[i].urls[k], url) == 0)
				return 1;
	return 0;
}

static int add_url(struct members_one *one, const char *text, size_t len,
                   struct err *e)
{
	if (one->n_urls == MEMBERS_URLS)
		return err_set(e, ERR_USAGE, "member '%s' has more than %d "
		               "urls", one->name, MEMBERS_URLS);
	if (url_read(text, len, one->urls[one->n_urls],
	             sizeof(one->urls[0]), e) < 0)
		return -1;
	one->n_urls++;
	return 0;
}

/* One "name=url". */
static int add_pair(struct members *m, const char *text, size_t len,
                    struct err *e)
{
	const char *eq = memchr(text, '=', len);
	size_t name_len = eq == NULL ? len : (size_t)(eq - text);
	struct members_one *one;
	char url[MEMBERS_URL_LEN + 1];

	if (check_name(text, name_len, e) < 0)
		return -1;
	if (eq == NULL)
		return err_set(e, ERR_USAGE, "'%.*s' is not of the form "
		               "name=url", (int)(len > 100 ? 100 : len), text);
	len -= name_len + 1;
	if (url_read(eq + 1, len, url, sizeof(url), e) < 0)
		return -1;
	if (url_taken(m, url))
		return err_set(e, ERR_USAGE, "url '%s' is there twice", url);
	one = named(m, text, name_len);
	if (one == NULL) {
		if (m->n == MEMBERS_MAX)
			return err_set(e, ERR_USAGE, "more than %d members",
			               MEMBERS_MAX);
		one = &m->list[m->n++];
		(void)memcpy(one->name, text, name_len);
	}
	return add_url(one, eq + 1, len, e);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct members_one *)a)->id;
	uint64_t y = ((const struct members_one *)b)->id;

	return (x > y) - (x < y);
}

static void sort_urls(struct members_one *one)
{
	qsort(one->urls, one->n_urls, sizeof(one->urls[0]), by_text);
}

/* ---- ids ---- */

static int sha1_id(const struct buf *b, uint64_t *out, struct err *e)
{
	unsigned char md[DIGEST_SHA1_LEN];

	if (buf_check(b, e) < 0 ||
	    digest_sha1_of(b->data == NULL ? "" : b->data, b->len, md, e) < 0)
		return -1;
	*out = bytes_be64(md);
	return 0;
}

static int member_id(struct members_one *one, const char *token, struct err *e)
{
	struct buf b = BUF_INIT(MEMBERS_TEXT_MAX);
	int rc;

	for (size_t i = 0; i < one->n_urls; i++)
		buf_puts(&b, one->urls[i]);
	buf_puts(&b, token);
	rc = sha1_id(&b, &one->id, e);
	buf_close(&b);
	if (rc == 0 && one->id == 0)
		return err_set(e, ERR_USAGE, "the id of member '%s' comes out "
		               "as 0: use another token", one->name);
	return rc;
}

static int cluster_id(struct members *m, struct err *e)
{
	struct buf b = BUF_INIT(MEMBERS_MAX * 8);
	unsigned char id[8];
	int rc;

	for (size_t i = 0; i < m->n; i++) {
		bytes_put_be64(id, m->list[i].id);
		buf_append(&b, id, sizeof(id));
	}
	rc = sha1_id(&b, &m->cluster_id, e);
	buf_close(&b);
	return rc;
}

static int make_ids(struct members *m, const char *token, struct err *e)
{
	for (size_t i = 0; i < m->n; i++) {
		sort_urls(&m->list[i]);
		if (member_id(&m->list[i], token, e) < 0)
			return -1;
	}
	qsort(m->list, m->n, sizeof(*m->list), by_id);
	for (size_t i = 1; i < m->n; i++)
		if (m->list[i].id == m->list[i - 1].id)
			return err_set(e, ERR_USAGE, "members '%s' and '%s' "
			               "have the same id", m->list[i - 1].name,
			               m->list[i].name);
	return cluster_id(m, e);
}

static int parse(struct members *m, const char *text, struct err *e)
{
	if (strlen(text) > MEMBERS_TEXT_MAX / 2)
		return err_set(e, ERR_USAGE, "it is too long");
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (len > 0 && add_pair(m, text, len, e) < 0)
			return -1;
		text += len;
		if (*text == ',')
			text++;
	}
	if (m->n == 0)
		return err_set(e, ERR_USAGE, "it names no member");
	return 0;
}

int members_parse(struct members *m, const char *initial_cluster,
                  const char *token, struct err *e)
{
	struct members got = MEMBERS_INIT;

	if (strlen(token) > MEMBERS_TEXT_MAX / 8)
		return err_set(e, ERR_USAGE, "the cluster token is too long");
	got.list = calloc(MEMBERS_MAX, sizeof(*got.list));
	if (got.list == NULL)
		return err_nomem(e);
	if (parse(&got, initial_cluster, e) < 0 ||
	    make_ids(&got, token, e) < 0) {
		members_close(&got);
		return err_wrap(e, "initial cluster");
	}
	*m = got;
	return 0;
}

static int compare_urls(const struct members_one *one, const char *text,
                        struct err *e)
{
	struct members_one given = { .n_urls = 0 };

	(void)memcpy(given.name, one->name, sizeof(given.name));
	for (;;) {
		size_t len = strcspn(text, ",");

		if (add_url(&given, text, len, e) < 0)
			return err_wrap(e, "advertised peer urls");
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	sort_urls(&given);
	for (size_t i = 0; i < given.n_urls || i < one->n_urls; i++)
		if (i >= given.n_urls || i >= one->n_urls ||
		    strcmp(given.urls[i], one->urls[i]) != 0)
			return err_set(e, ERR_USAGE, "member '%s' advertises "
			               "%s, but the initial cluster has %s",
			               one->name, i < given.n_urls ?
			               given.urls[i] : "fewer urls",
			               i < one->n_urls ? one->urls[i]
			                               : "fewer urls");
	return 0;
}

int members_self(const struct members *m, const char *name,
                 const char *peer_urls, const struct members_one **out,
                 struct err *e)
{
	const struct members_one *one = named(m, name, strlen(name));

	if (one == NULL)
		return err_set(e, ERR_USAGE, "member '%s' is not in the "
		               "initial cluster", name);
	if (compare_urls(one, peer_urls, e) < 0)
		return -1;
	*out = one;
	return 0;
}

void members_close(struct members *m)
{
	free(m->list);
	*m = (struct members)MEMBERS_INIT;
}

/* ---- JSON, as Go writes it ---- */

static void put_string(struct buf *b, const char *s)
{
	buf_puts(b, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if (strchr("<>&", *s) != NULL)
			buf_printf(b, "\\u%04x", *s);
		else if (strncmp(s, "\xe2\x80\xa8", 3) == 0 ||
		         strncmp(s, "\xe2\x80\xa9", 3) == 0) {
			buf_puts(b, s[2] == '\xa8' ? "\\u2028" : "\\u2029");
			s += 2;
		} else {
			buf_append(b, s, 1);
		}
	}
	buf_puts(b, "\"");
}

static void put_urls(const struct members_one *m, struct buf *b)
{
	buf_puts(b, "\"peerURLs\":[");
	for (size_t i = 0; i < m->n_urls; i++) {
		buf_puts(b, i > 0 ? "," : "");
		put_string(b, m->urls[i]);
	}
	buf_puts(b, "]");
}

void members_json(const struct members_one *m, struct buf *b)
{
	buf_printf(b, "{\"id\":%" PRIu64 ",", m->id);
	put_urls(m, b);
	buf_puts(b, ",\"name\":");
	put_string(b, m->name);
	buf_puts(b, "}");
}

void members_attributes_json(const struct members_one *m, struct buf *b)
{
	buf_puts(b, "{");
	put_urls(m, b);
	buf_puts(b, "}");
}
