/* conf.h - a YAML file as a tree that knows where everything stands.
 *
 * Bounded: BUF_MAX_CONFIG bytes, CONF_DEPTH_MAX levels, CONF_NODES_MAX nodes.
 * One document; no tags, no anchors or aliases; duplicate keys are an error.
 * All messages begin with "'file':line:column: ". */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stddef.h>

#include "base/err.h"

enum { CONF_DEPTH_MAX = 32, CONF_NODES_MAX = 100000 };
enum conf_kind { CONF_MAP, CONF_LIST, CONF_SCALAR };

struct conf_node {
	enum conf_kind kind;
	unsigned line, column;          /* from 1 */
	const char *key;                /* in a map, else NULL */
	unsigned key_line, key_column;
	const char *text;               /* of a scalar; "" when empty */
	_Bool quoted;                   /* a scalar in quotes is never null */
	const struct conf_node *first;  /* child of a map or list */
	const struct conf_node *next;   /* sibling */
};

struct conf;

int conf_read(struct conf **out, const char *path, struct err *e) MUST_USE;
/* `name` stands for the file in messages. */
int conf_parse(struct conf **out, const char *name, const char *text,
               size_t len, struct err *e) MUST_USE;
void conf_free(struct conf *c);
/* An empty file has an empty map as its root. */
const struct conf_node *conf_root(const struct conf *c);
/* The child of that key, or NULL. */
const struct conf_node *conf_get(const struct conf_node *map, const char *key);
/* Is the scalar plain and empty, "null" or "~"? */
_Bool conf_is_null(const struct conf_node *n);
/* ERR_USAGE with the position of `at` (its key, when it has one). */
__attribute__((format(printf, 4, 5)))
int conf_error(const struct conf *c, const struct conf_node *at, struct err *e,
               const char *fmt, ...);

#endif
