#include "base/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/conf_arena.h"
#include "base/file.h"
#include "base/utf8.h"

struct conf {
	struct conf_arena arena;        /* of all texts and nodes */
	const char *name;
	const struct conf_node *root;
};

struct level {
	struct conf_node *node;
	const struct conf_node **tail;
	size_t children;
};

struct build {
	struct conf *c;
	yaml_parser_t yaml;
	const struct conf_node *root;
	struct level levels[CONF_DEPTH_MAX];
	unsigned depth, nodes, documents;
	const char *key;                /* read; its value is to come */
	unsigned key_line, key_column;
};

__attribute__((format(printf, 5, 0)))
static int fail_at(const struct conf *c, size_t line, size_t column,
                   struct err *e, const char *fmt, va_list ap)
{
	size_t n;

	(void)err_set(e, ERR_USAGE, "'%.200s':%zu:%zu: ", c->name, line,
	              column);
	n = strlen(e->text);
	(void)vsnprintf(e->text + n, sizeof(e->text) - n, fmt, ap);
	return -1;
}

__attribute__((format(printf, 4, 5)))
static int fail_mark(const struct conf *c, yaml_mark_t at, struct err *e,
                     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_at(c, at.line + 1, at.column + 1, e, fmt, ap);
	va_end(ap);
	return -1;
}

int conf_error(const struct conf *c, const struct conf_node *at, struct err *e,
               const char *fmt, ...)
{
	va_list ap;

	if (at == NULL)
		at = c->root;
	va_start(ap, fmt);
	(void)fail_at(c, at->key != NULL ? at->key_line : at->line,
	              at->key != NULL ? at->key_column : at->column, e, fmt,
	              ap);
	va_end(ap);
	return -1;
}

/* What the library takes silently, or refuses without a position. */
static int check_text(const struct conf *c, const char *text, size_t len,
                      struct err *e)
{
	yaml_mark_t at = { 0 };
	uint32_t ch;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_decode(text + i, len - i, &ch);
		if (n == 0)
			return fail_mark(c, at, e, "this is not UTF-8");
		if (ch == 0)
			return fail_mark(c, at, e, "a NUL byte");
		if ((ch < 0x20 && ch != '\t' && ch != '\n' && ch != '\r') ||
		    (ch >= 0x7f && ch < 0xa0 && ch != 0x85) || ch == 0xfeff ||
		    ch == 0xfffe || ch == 0xffff)
			return fail_mark(c, at, e, "a character that does not "
			                 "belong in a text (U+%04X)",
			                 (unsigned)ch);
		at.column++;
		if (ch == '\n') {
			at.line++;
			at.column = 0;
		}
	}
	return 0;
}

static int fail_yaml(const struct build *b, struct err *e)
{
	const yaml_parser_t *y = &b->yaml;

	if (y->error == YAML_MEMORY_ERROR || y->problem == NULL)
		return err_nomem(e);
	return fail_mark(b->c, y->problem_mark, e, "%s%s%s", y->problem,
	                 y->context != NULL ? " " : "",
	                 y->context != NULL ? y->context : "");
}

/* Add a node below the level that is open, as the root when none is. */
static struct conf_node *add(struct build *b, enum conf_kind kind,
                             yaml_mark_t at, struct err *e)
{
	struct level *up = b->depth > 0 ? &b->levels[b->depth - 1] : NULL;
	struct conf_node *n;

	if (b->nodes == CONF_NODES_MAX) {
		(void)fail_mark(b->c, at, e, "more than %d values",
		                CONF_NODES_MAX);
		return NULL;
	}
	n = conf_arena_take(&b->c->arena, sizeof(*n));
	if (n == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	*n = (struct conf_node){
		.kind = kind,
		.line = (unsigned)at.line + 1,
		.column = (unsigned)at.column + 1,
		.key = b->key,
		.key_line = b->key_line,
		.key_column = b->key_column,
	};
	b->key = NULL;
	b->key_line = b->key_column = 0;
	b->nodes++;
	if (up == NULL) {
		b->root = n;
		return n;
	}
	*up->tail = n;
	up->tail = &n->next;
	up->children++;
	return n;
}

static _Bool wants_key(const struct build *b)
{
	return b->depth > 0 && b->key == NULL &&
	       b->levels[b->depth - 1].node->kind == CONF_MAP;
}

static int open_level(struct build *b, enum conf_kind kind, yaml_mark_t at,
                      struct err *e)
{
	struct conf_node *n;

	if (wants_key(b))
		return fail_mark(b->c, at, e, "a key must be a plain text");
	if (b->depth == CONF_DEPTH_MAX)
		return fail_mark(b->c, at, e, "nested deeper than %d levels",
		                 CONF_DEPTH_MAX);
	n = add(b, kind, at, e);
	if (n == NULL)
		return -1;
	b->levels[b->depth++] = (struct level){ .node = n, .tail = &n->first };
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct conf_node *x = *(const struct conf_node *const *)a;
	const struct conf_node *y = *(const struct conf_node *const *)b;
	int d = strcmp(x->key, y->key);

	/* Of equals, the one that stands first. */
	if (d == 0 && x->key_line != y->key_line)
		return x->key_line < y->key_line ? -1 : 1;
	return d != 0 ? d : x->key_column < y->key_column ? -1 : 1;
}

/* Sorted rather than compared pairwise: a file may hold very many keys. */
static int check_keys(const struct build *b, const struct level *map,
                      struct err *e)
{
	const struct conf_node **all, *n;
	size_t i = 0;
	int rc = 0;

	if (map->children < 2)
		return 0;
	all = malloc(map->children * sizeof(const struct conf_node *));
	if (all == NULL)
		return err_nomem(e);
	for (n = map->node->first; n != NULL; n = n->next)
		all[i++] = n;
	qsort(all, map->children, sizeof(const struct conf_node *), by_key);
	for (i = 1; i < map->children && rc == 0; i++)
		if (strcmp(all[i - 1]->key, all[i]->key) == 0)
			rc = conf_error(b->c, all[i], e, "the key '%.100s' "
			                "already stands at %u:%u", all[i]->key,
			                all[i - 1]->key_line,
			                all[i - 1]->key_column);
	free(all);
	return rc;
}

static int close_level(struct build *b, struct err *e)
{
	const struct level *l = &b->levels[--b->depth];

	return l->node->kind == CONF_MAP ? check_keys(b, l, e) : 0;
}

static int add_scalar(struct build *b, const yaml_event_t *ev, struct err *e)
{
	const unsigned char *value = ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	struct conf_node *n;
	const char *text;

	if (memchr(value, '\0', len) != NULL)
		return fail_mark(b->c, ev->start_mark, e, "a NUL byte");
	text = conf_arena_text(&b->c->arena, value, len);
	if (text == NULL)
		return err_nomem(e);
	if (wants_key(b)) {
		if (len == 0)
			return fail_mark(b->c, ev->start_mark, e, "no key");
		b->key = text;
		b->key_line = (unsigned)ev->start_mark.line + 1;
		b->key_column = (unsigned)ev->start_mark.column + 1;
		return 0;
	}
	n = add(b, CONF_SCALAR, ev->start_mark, e);
	if (n == NULL)
		return -1;
	n->text = text;
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return 0;
}

static const char *mark(const void *anchor, const void *tag)
{
	return anchor != NULL ? "anchors (&)" : tag != NULL ? "tags (!)" : NULL;
}

static int check_marks(const struct build *b, const yaml_event_t *ev,
                       struct err *e)
{
	const char *what = NULL;

	switch (ev->type) {
	case YAML_ALIAS_EVENT:
		what = "aliases (*)";
		break;
	case YAML_SCALAR_EVENT:
		what = mark(ev->data.scalar.anchor, ev->data.scalar.tag);
		break;
	case YAML_SEQUENCE_START_EVENT:
		what = mark(ev->data.sequence_start.anchor,
		            ev->data.sequence_start.tag);
		break;
	case YAML_MAPPING_START_EVENT:
		what = mark(ev->data.mapping_start.anchor,
		            ev->data.mapping_start.tag);
		break;
	default:
		break;
	}
	if (what == NULL)
		return 0;
	return fail_mark(b->c, ev->start_mark, e, "%s are not allowed here",
	                 what);
}

static int take_event(struct build *b, const yaml_event_t *ev, struct err *e)
{
	if (check_marks(b, ev, e) < 0)
		return -1;
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ > 0)
			return fail_mark(b->c, ev->start_mark, e, "a second "
			                 "document: only one is allowed");
		return 0;
	case YAML_SCALAR_EVENT:
		return add_scalar(b, ev, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_level(b, CONF_LIST, ev->start_mark, e);
	case YAML_MAPPING_START_EVENT:
		return open_level(b, CONF_MAP, ev->start_mark, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_level(b, e);
	default:
		return 0;
	}
}

static int read_events(struct build *b, struct err *e)
{
	yaml_event_t ev;
	_Bool end = 0;
	int rc = 0;

	while (rc == 0 && !end) {
		if (!yaml_parser_parse(&b->yaml, &ev))
			return fail_yaml(b, e);
		end = ev.type == YAML_STREAM_END_EVENT;
		rc = take_event(b, &ev, e);
		yaml_event_delete(&ev);
	}
	return rc;
}

static int build(struct conf *c, const char *text, size_t len, struct err *e)
{
	struct build b = { .c = c };
	int rc;

	if (!yaml_parser_initialize(&b.yaml))
		return err_nomem(e);
	yaml_parser_set_encoding(&b.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.yaml, (const unsigned char *)text, len);
	rc = read_events(&b, e);
	yaml_parser_delete(&b.yaml);
	if (rc < 0)
		return -1;
	if (b.root == NULL || conf_is_null(b.root)) {
		b.nodes = 0;
		if (add(&b, CONF_MAP, (yaml_mark_t){ 0 }, e) == NULL)
			return -1;
	}
	c->root = b.root;
	return 0;
}

int conf_parse(struct conf **out, const char *name, const char *text,
               size_t len, struct err *e)
{
	struct conf *c;
	int rc = -1;

	if (len > BUF_MAX_CONFIG)
		return err_set(e, ERR_USAGE, "'%.200s' is larger than %d bytes",
		               name, BUF_MAX_CONFIG);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_nomem(e);
	c->name = conf_arena_text(&c->arena, name, strlen(name));
	if (c->name == NULL)
		rc = err_nomem(e);
	else if (check_text(c, text, len, e) == 0)
		rc = build(c, text, len, e);
	if (rc == 0)
		*out = c;
	else
		conf_free(c);
	return rc;
}

int conf_read(struct conf **out, const char *path, struct err *e)
{
	struct buf text = BUF_INIT(BUF_MAX_CONFIG);
	int rc;

	rc = file_read(path, &text, e);
	if (rc == 0)
		rc = conf_parse(out, path, text.len > 0 ? text.data : "",
		                text.len, e);
	/* A configuration may hold secrets. */
	file_wipe(&text);
	return rc;
}

void conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	conf_arena_clear(&c->arena);
	free(c);
}

const struct conf_node *conf_root(const struct conf *c)
{
	return c->root;
}

const struct conf_node *conf_get(const struct conf_node *map, const char *key)
{
	const struct conf_node *n;

	if (map == NULL || map->kind != CONF_MAP)
		return NULL;
	for (n = map->first; n != NULL; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

_Bool conf_is_null(const struct conf_node *n)
{
	return n->kind == CONF_SCALAR && !n->quoted &&
	       (n->text[0] == '\0' || strcmp(n->text, "~") == 0 ||
	        strcmp(n->text, "null") == 0);
}
