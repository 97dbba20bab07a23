/* Whatever the bytes are: reading them as YAML ends, keeps within the bounds,
 * yields a tree as the header describes it, and never crashes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(_Bool fact)
{
	if (!fact)
		abort();
}

static unsigned walk(const struct conf_node *map, unsigned depth)
{
	const struct conf_node *n;
	unsigned count = 1;

	require(map->line > 0 && map->column > 0);
	if (map->kind == CONF_SCALAR) {
		require(map->text != NULL && map->first == NULL);
		return 1;
	}
	require(depth < CONF_DEPTH_MAX);
	for (n = map->first; n != NULL; n = n->next) {
		require((n->key != NULL) == (map->kind == CONF_MAP));
		if (n->key != NULL)
			require(conf_get(map, n->key) == n);
		count += walk(n, depth + 1);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *c = NULL;
	struct err e = ERR_INIT;

	if (conf_parse(&c, "x", (const char *)data, size, &e) < 0) {
		require(c == NULL && e.kind == ERR_USAGE);
		require(strncmp(e.text, "'x'", 3) == 0);
		return 0;
	}
	require(walk(conf_root(c), 0) <= CONF_NODES_MAX);
	require(conf_error(c, conf_root(c), &e, "%s", "") == -1);
	conf_free(c);
	return 0;
}
