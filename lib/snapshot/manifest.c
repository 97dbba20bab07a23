#include "snapshot/manifest.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *manifest_verdict_word(enum manifest_verdict v)
{
#define X(name, word) word,
	static const char *const words[] = { MANIFEST_VERDICTS(X) };
#undef X

	return words[v];
}

const char *manifest_result_word(enum manifest_result r)
{
#define X(name, word) word,
	static const char *const words[] = { MANIFEST_RESULTS(X) };
#undef X

	return words[r];
}

static void clear_texts(struct manifest *m)
{
	free(m->name);
	free(m->lifeboat);
	free(m->host);
	free(m->node);
	free(m->started);
	free(m->finished);
	free(m->member_name);
	free(m->server_version);
	free(m->cluster_version);
	free(m->storage_version);
}

void manifest_clear(struct manifest *m)
{
	clear_texts(m);
	for (size_t i = 0; i < m->endpoint_count; i++)
		free(m->endpoints[i]);
	for (size_t i = 0; i < m->bucket_count; i++)
		free(m->buckets[i].name);
	for (size_t i = 0; i < m->part_count; i++)
		free(m->parts[i].name);
	for (size_t i = 0; i < m->member_count; i++) {
		free(m->members[i].name);
		free(m->members[i].endpoint);
		free(m->members[i].reason);
	}
	for (size_t i = 0; i < m->check_count; i++) {
		free(m->checks[i].name);
		free(m->checks[i].note);
	}
	for (size_t i = 0; i < m->warning_count; i++)
		free(m->warnings[i]);
	*m = (struct manifest)MANIFEST_INIT;
}

/* Control characters, those of UTF-8 (U+0080 to U+009F) too, become spaces:
 * texts end up on terminals. */
static void tame(char *text)
{
	for (unsigned char *s = (unsigned char *)text; *s != '\0'; s++) {
		if (*s < 0x20 || *s == 0x7f)
			*s = ' ';
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
			s[0] = s[1] = ' ';
	}
}

static char *copy(struct manifest *m, const char *text)
{
	char *s;

	if (text == NULL)
		return NULL;
	s = strndup(text, MANIFEST_TEXT);
	if (s == NULL)
		m->failed = 1;
	else
		tame(s);
	return s;
}

void manifest_set(struct manifest *m, char **field, const char *text)
{
	char *s = copy(m, text);

	free(*field);
	*field = s;
}

/* Room for one more in a list of `max`? */
static _Bool room(struct manifest *m, size_t count, size_t max)
{
	if (count < max)
		return 1;
	m->failed = 1;
	return 0;
}

void manifest_add_endpoint(struct manifest *m, const char *url)
{
	if (room(m, m->endpoint_count, MANIFEST_ENDPOINTS))
		m->endpoints[m->endpoint_count++] = copy(m, url);
}

void manifest_add_bucket(struct manifest *m, const char *name, uint64_t keys)
{
	if (room(m, m->bucket_count, MANIFEST_BUCKETS))
		m->buckets[m->bucket_count++] = (struct manifest_bucket){
			.name = copy(m, name), .keys = keys };
}

void manifest_add_part(struct manifest *m, const char *name, uint64_t size,
                       const unsigned char sha256[DIGEST_LEN])
{
	struct manifest_part *p;

	if (!room(m, m->part_count, MANIFEST_PARTS))
		return;
	p = &m->parts[m->part_count++];
	p->name = copy(m, name);
	p->size = size;
	(void)memcpy(p->sha256, sha256, DIGEST_LEN);
}

void manifest_add_member(struct manifest *m, const struct manifest_member *in)
{
	struct manifest_member *p;

	if (!room(m, m->member_count, MANIFEST_MEMBERS))
		return;
	p = &m->members[m->member_count++];
	*p = *in;
	p->name = copy(m, in->name);
	p->endpoint = copy(m, in->endpoint);
	p->reason = copy(m, in->reason);
}

void manifest_add_check(struct manifest *m, const char *name,
                        enum manifest_result result, const char *note)
{
	if (room(m, m->check_count, MANIFEST_CHECKS))
		m->checks[m->check_count++] = (struct manifest_check){
			.name = copy(m, name), .note = copy(m, note),
			.result = result };
}

void manifest_warn(struct manifest *m, const char *fmt, ...)
{
	char text[MANIFEST_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (room(m, m->warning_count, MANIFEST_WARNINGS))
		m->warnings[m->warning_count++] = copy(m, text);
}

const struct manifest_part *manifest_find_part(const struct manifest *m,
                                               const char *name)
{
	for (size_t i = 0; i < m->part_count; i++)
		if (m->parts[i].name != NULL &&
		    strcmp(m->parts[i].name, name) == 0)
			return &m->parts[i];
	return NULL;
}
