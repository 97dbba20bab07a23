#include "base/cli_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli_value.h"
#include "base/conf.h"
#include "base/nearest.h"

enum { KEY_MAX = 256, KEYS_MAX = 128 };

struct reader {
	const struct cli_program *p;
	const struct conf *conf;
	void *config;
	unsigned char *given;
};

static int find_key(const struct cli_program *p, const char *key)
{
	const struct cli_opt *o = p->opts;

	for (int i = 0; o[i].name != NULL; i++)
		if (o[i].yaml != NULL && strcmp(o[i].yaml, key) == 0)
			return i;
	return -1;
}

/* Does some option's key lie below this one? */
static _Bool is_branch(const struct cli_program *p, const char *key)
{
	size_t n = strlen(key);

	for (int i = 0; p->opts[i].name != NULL; i++)
		if (p->opts[i].yaml != NULL &&
		    strncmp(p->opts[i].yaml, key, n) == 0 &&
		    p->opts[i].yaml[n] == '.')
			return 1;
	return 0;
}

static int unknown_key(const struct reader *r, const struct conf_node *n,
                       const char *key, struct err *e)
{
	const char *keys[KEYS_MAX], *guess;
	size_t count = 0;

	for (int i = 0; r->p->opts[i].name != NULL && count < KEYS_MAX; i++)
		if (r->p->opts[i].yaml != NULL)
			keys[count++] = r->p->opts[i].yaml;
	guess = nearest_word(key, keys, count);
	if (guess == NULL)
		return conf_error(r->conf, n, e, "unknown key '%s'", key);
	return conf_error(r->conf, n, e, "unknown key '%s', did you mean "
	                  "'%s'?", key, guess);
}

static int read_scalar(struct reader *r, const struct conf_node *n, int i,
                       struct err *e)
{
	const struct cli_opt *o = &r->p->opts[i];
	void *config = r->config, *scratch = NULL;
	struct err why = ERR_INIT;
	int rc;

	if (n->kind != CONF_SCALAR)
		return conf_error(r->conf, n, e, "'%s' wants a value, not a "
		                  "%s", o->yaml,
		                  n->kind == CONF_MAP ? "map" : "list");
	if (conf_is_null(n))
		return 0;
	if (r->given[i] != 0) {
		/* The command line wins, yet a wrong file is told at once. */
		scratch = calloc(1, r->p->config_size);
		if (scratch == NULL)
			return err_nomem(e);
		config = scratch;
	} else {
		r->given[i] = 1;
	}
	rc = cli_value_set(o, config, n->text, &why);
	if (rc < 0)
		(void)conf_error(r->conf, n, e, "%s: %s", o->yaml, why.text);
	if (scratch != NULL)
		cli_value_clear(o, scratch);
	free(scratch);
	return rc;
}

static int read_map(struct reader *r, const struct conf_node *map,
                    const char *prefix, struct err *e)
{
	for (const struct conf_node *n = map->first; n != NULL; n = n->next) {
		char key[KEY_MAX];
		int i, len;

		len = snprintf(key, sizeof(key), "%s%s%s", prefix,
		               prefix[0] != '\0' ? "." : "", n->key);
		if (len < 0 || (size_t)len >= sizeof(key))
			return conf_error(r->conf, n, e, "key too long");
		i = find_key(r->p, key);
		if (i >= 0 && read_scalar(r, n, i, e) < 0)
			return -1;
		if (i >= 0)
			continue;
		if (!is_branch(r->p, key))
			return unknown_key(r, n, key, e);
		if (n->kind == CONF_SCALAR && conf_is_null(n))
			continue;
		if (n->kind != CONF_MAP)
			return conf_error(r->conf, n, e, "'%s' wants a map",
			                  key);
		if (read_map(r, n, key, e) < 0)
			return -1;
	}
	return 0;
}

int cli_yaml_read(const struct cli_program *p, const char *path, void *config,
                  unsigned char *given, struct err *e)
{
	struct conf *conf = NULL;
	struct reader r = { .p = p, .config = config, .given = given };
	const struct conf_node *root;
	int rc;

	if (conf_read(&conf, path, e) < 0)
		return -1;
	r.conf = conf;
	root = conf_root(conf);
	if (root->kind != CONF_MAP)
		rc = conf_error(conf, root, e, "the file is no map of keys");
	else
		rc = read_map(&r, root, "", e);
	conf_free(conf);
	return rc;
}

/* ---- and back ---- */

static void print_quoted(const char *text, struct buf *b)
{
	buf_puts(b, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_puts(b, "\\");
		if ((unsigned char)*text < 0x20)
			buf_printf(b, "\\x%02x", *text);
		else
			buf_append(b, text, 1);
	}
	buf_puts(b, "\"\n");
}

/* Open the maps of `key` that the key before it did not share; returns how deep
 * its last word stands. */
static int open_maps(const char *key, const char *before, struct buf *b)
{
	int depth = 0;

	for (const char *dot; (dot = strchr(key, '.')) != NULL; key = dot + 1) {
		size_t n = (size_t)(dot - key) + 1;

		if (before == NULL || strncmp(before, key, n) != 0) {
			buf_printf(b, "%*s%.*s:\n", 2 * depth, "", (int)n - 1,
			           key);
			before = NULL;
		} else {
			before += n;
		}
		depth++;
	}
	return depth;
}

void cli_yaml_print(const struct cli_program *p, const void *config,
                    struct buf *b)
{
	struct buf value = BUF_INIT(BUF_MAX_LINE);
	const char *before = NULL;

	for (const struct cli_opt *o = p->opts; o->name != NULL; o++) {
		const char *last;
		int depth;

		buf_clear(&value);
		if (o->yaml == NULL || !cli_value_print(o, config, &value))
			continue;
		depth = open_maps(o->yaml, before, b);
		last = strrchr(o->yaml, '.');
		buf_printf(b, "%*s%s: ", 2 * depth, "",
		           last == NULL ? o->yaml : last + 1);
		if (o->type == CLI_TEXT || o->type == CLI_PATH)
			print_quoted(value.data, b);
		else
			buf_printf(b, "%s\n", value.data);
		before = o->yaml;
	}
	buf_close(&value);
}
