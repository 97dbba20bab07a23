#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/conf.h"

static struct conf *parse(const char *text)
{
	struct conf *c = NULL;
	struct err e = ERR_INIT;

	if (conf_parse(&c, "f.yml", text, strlen(text), &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static void refuse(const char *text, size_t len, const char *why)
{
	struct conf *c = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(conf_parse(&c, "f.yml", text, len, &e), -1);
	assert_null(c);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, why);
}

static void at(const struct conf_node *n, unsigned line, unsigned column)
{
	assert_non_null(n);
	assert_int_equal(n->line, line);
	assert_int_equal(n->column, column);
}

static void builds_a_tree(void **state)
{
	struct conf *c = parse("# top\n"
	                       "name: lab\n"
	                       "nodes:\n"
	                       "  - address: 10.0.0.1\n"
	                       "    role: [etcd, worker]\n"
	                       "  - {}\n"
	                       "empty:\n");
	const struct conf_node *root = conf_root(c), *n, *m;

	(void)state;
	assert_int_equal(root->kind, CONF_MAP);
	assert_null(root->key);
	n = conf_get(root, "name");
	at(n, 2, 7);
	assert_string_equal(n->key, "name");
	assert_int_equal(n->key_line, 2);
	assert_int_equal(n->key_column, 1);
	assert_string_equal(n->text, "lab");
	n = conf_get(root, "nodes");
	assert_ptr_equal(n, root->first->next);
	assert_int_equal(n->kind, CONF_LIST);
	m = n->first;
	assert_null(m->key);
	at(m, 4, 5);
	m = conf_get(m, "role");
	at(m, 5, 11);
	assert_string_equal(m->first->text, "etcd");
	at(m->first->next, 5, 18);
	assert_null(m->first->next->next);
	assert_int_equal(n->first->next->kind, CONF_MAP);
	assert_null(n->first->next->first);
	n = conf_get(root, "empty");
	assert_string_equal(n->text, "");
	assert_null(n->next);
	assert_null(conf_get(root, "nam"));
	assert_null(conf_get(n, "name"));
	assert_null(conf_get(NULL, "name"));
	conf_free(c);
	conf_free(NULL);
}

static void knows_null(void **state)
{
	struct conf *c = parse("- \n- ~\n- null\n- ''\n- \"~\"\n- 'null'\n"
	                       "- nil\n- {}\n");
	const struct conf_node *n;
	int i = 0;

	(void)state;
	for (n = conf_root(c)->first; n != NULL; n = n->next, i++)
		assert_int_equal(conf_is_null(n), i < 3);
	assert_int_equal(i, 8);
	conf_free(c);
}

static void an_empty_file_is_an_empty_map(void **state)
{
	static const char *const t[] = {
		"", "\n", "# only words\n", "---\n", "--- ~\n", "\xef\xbb\xbf",
		"---\n...\n",
	};
	struct conf *c;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		c = parse(t[i]);
		assert_int_equal(conf_root(c)->kind, CONF_MAP);
		assert_null(conf_root(c)->first);
		at(conf_root(c), 1, 1);
		conf_free(c);
	}
}

static void refuses_what_is_double(void **state)
{
	static const char nested[] = "a: 1\nb:\n  k: 1\n  l: 2\n  k: 3\n";
	static const char thrice[] = "{x: 1, y: 2, x: 3, x: 4}";
	struct conf *c;

	(void)state;
	refuse(nested, sizeof(nested) - 1,
	       "'f.yml':5:3: the key 'k' already stands at 3:3");
	refuse(thrice, sizeof(thrice) - 1,
	       "'f.yml':1:14: the key 'x' already stands at 1:2");
	refuse("a: 1\n'a': 2\n", 12,
	       "'f.yml':2:1: the key 'a' already stands at 1:1");
	c = parse("a: {k: 1}\nb: {k: 1}\n");
	conf_free(c);
}

static void refuses_clever_yaml(void **state)
{
	static const struct {
		const char *text, *why;
	} t[] = {
		{ "a: &x 1\n",
		  "'f.yml':1:4: anchors (&) are not allowed here" },
		{ "a: &x [1]\n",
		  "'f.yml':1:4: anchors (&) are not allowed here" },
		{ "&x {a: 1}\n",
		  "'f.yml':1:1: anchors (&) are not allowed here" },
		{ "a: 1\nb: *x\n",
		  "'f.yml':2:4: aliases (*) are not allowed here" },
		{ "a: !!int 1\n",
		  "'f.yml':1:4: tags (!) are not allowed here" },
		{ "a: ! 1\n", "'f.yml':1:4: tags (!) are not allowed here" },
		{ "a: !x [1]\n", "'f.yml':1:4: tags (!) are not allowed here" },
		{ "a: !x {}\n", "'f.yml':1:4: tags (!) are not allowed here" },
		{ "a: 1\n---\nb: 2\n",
		  "'f.yml':2:1: a second document: only one is allowed" },
		{ "? [a]\n: b\n", "'f.yml':1:3: a key must be a plain text" },
		{ "? {a: 1}\n: b\n",
		  "'f.yml':1:3: a key must be a plain text" },
		{ "'': b\n", "'f.yml':1:1: no key" },
		{ "a: \"x\\0y\"\n", "'f.yml':1:4: a NUL byte" },
		{ "a: b: c\n",
		  "'f.yml':1:5: mapping values are not allowed in this "
		  "context" },
		{ "a: 1\n\tb: 2\n",
		  "'f.yml':2:1: found a tab character that violates "
		  "indentation while scanning a plain scalar" },
		{ "a: [1\n",
		  "'f.yml':2:1: did not find expected ',' or ']' while parsing "
		  "a flow sequence" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		refuse(t[i].text, strlen(t[i].text), t[i].why);
}

static void refuses_what_is_no_text(void **state)
{
	(void)state;
	refuse("a: 1\nb\0: 2\n", 11, "'f.yml':2:2: a NUL byte");
	refuse("a: \xff\n", 5, "'f.yml':1:4: this is not UTF-8");
	refuse("\xc3\xa9: \xc0\x80\n", 7, "'f.yml':1:4: this is not UTF-8");
	refuse("a: \xed\xa0\x80\n", 7, "'f.yml':1:4: this is not UTF-8");
	refuse("a: \xe2\x82", 5, "'f.yml':1:4: this is not UTF-8");
	refuse("\xff\xfe" "a\0", 4, "'f.yml':1:1: this is not UTF-8");
	refuse("a: \x1b[2J\n", 8, "'f.yml':1:4: a character that does not "
	       "belong in a text (U+001B)");
	refuse("a: \xef\xbb\xbf\n", 7, "'f.yml':1:4: a character that does not "
	       "belong in a text (U+FEFF)");
}

static void keeps_within_bounds(void **state)
{
	struct buf b = BUF_INIT(8 << 20);
	struct conf *c;
	int i;

	(void)state;
	for (i = 0; i < CONF_DEPTH_MAX; i++)
		buf_puts(&b, "[");
	for (i = 0; i < CONF_DEPTH_MAX; i++)
		buf_puts(&b, "]");
	c = parse(b.data);
	conf_free(c);
	buf_clear(&b);
	for (i = 0; i < 100000; i++)
		buf_puts(&b, "x");
	c = parse(b.data);
	assert_string_equal(conf_root(c)->text, b.data);
	conf_free(c);
	buf_clear(&b);
	for (i = 0; i < 100000; i++)
		buf_puts(&b, "[");
	refuse(b.data, b.len, "'f.yml':1:33: nested deeper than 32 levels");
	buf_clear(&b);
	for (i = 1; i < CONF_NODES_MAX; i++)
		buf_printf(&b, "k%d: 1\n", i);
	c = parse(b.data);
	conf_free(c);
	buf_puts(&b, "k0: 1\n");
	refuse(b.data, b.len, "'f.yml':100000:5: more than 100000 values");
	buf_clear(&b);
	assert_non_null(buf_reserve(&b, BUF_MAX_CONFIG + 1));
	(void)memset(b.data, '#', BUF_MAX_CONFIG + 1);
	refuse(b.data, BUF_MAX_CONFIG + 1,
	       "'f.yml' is larger than 4194304 bytes");
	buf_close(&b);
}

static void says_where(void **state)
{
	struct conf *c = parse("a: 1\nb:\n  - x\n");
	const struct conf_node *b = conf_get(conf_root(c), "b");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(conf_error(c, b, &e, "bad %d", 7), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_string_equal(e.text, "'f.yml':2:1: bad 7");
	assert_int_equal(conf_error(c, b->first, &e, "worse"), -1);
	assert_string_equal(e.text, "'f.yml':3:5: worse");
	assert_int_equal(conf_error(c, NULL, &e, "no name"), -1);
	assert_string_equal(e.text, "'f.yml':1:1: no name");
	conf_free(c);
}

static void reads_a_file(void **state)
{
	char path[] = "/tmp/conf-XXXXXX", want[64];
	struct conf *c = NULL;
	struct err e = ERR_INIT;
	int fd = mkstemp(path);
	int wrote = fd < 0 ? -1 : (int)write(fd, "a: 1\na: 2\n", 10);
	int whole, half, none;

	(void)state;
	whole = conf_read(&c, path, &e);
	(void)snprintf(want, sizeof(want),
	               "'%s':2:1: the key 'a' already stands at 1:1", path);
	half = truncate(path, 5) < 0 ? -1 : conf_read(&c, path, &e);
	(void)close(fd);
	(void)unlink(path);
	assert_int_equal(wrote, 10);
	assert_int_equal(whole, -1);
	assert_string_equal(e.text, want);
	assert_int_equal(half, 0);
	assert_string_equal(conf_get(conf_root(c), "a")->text, "1");
	conf_free(c);
	none = conf_read(&c, path, &e);
	assert_int_equal(none, -1);
	assert_int_equal(e.kind, ERR_MISSING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_a_tree),
		cmocka_unit_test(knows_null),
		cmocka_unit_test(an_empty_file_is_an_empty_map),
		cmocka_unit_test(refuses_what_is_double),
		cmocka_unit_test(refuses_clever_yaml),
		cmocka_unit_test(refuses_what_is_no_text),
		cmocka_unit_test(keeps_within_bounds),
		cmocka_unit_test(says_where),
		cmocka_unit_test(reads_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
