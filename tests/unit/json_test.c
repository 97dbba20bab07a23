#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/jsonout.h"

static struct json *parse(const char *text)
{
	struct json *j = NULL;
	struct err e = ERR_INIT;

	if (json_parse(&j, text, strlen(text), 4096, &e) < 0)
		fail_msg("%s", e.text);
	return j;
}

static void values_are_found_by_path(void **state)
{
	struct json *j = parse("{\"a\": {\"b\": [{\"n\": 1}, {\"n\": \"22\"}], "
	                       "\"id\": \"fe\", \"x.y\": true, \"z\": null}, "
	                       "\"m\": [[1, 2], [3]]}");
	const struct json *v = NULL;
	const char *s = "kept";
	struct err e = ERR_INIT;
	uint64_t u = 0;
	int64_t i = 0;
	_Bool b = 0;

	(void)state;
	assert_int_equal(json_get_u64(j, "a.b[0].n", &u, &e), 0);
	assert_int_equal(u, 1);
	assert_int_equal(json_get_u64(j, "a.b[1].n", &u, &e), 0);
	assert_int_equal(u, 22);
	assert_int_equal(json_get_i64(j, "m[1][0]", &i, &e), 0);
	assert_int_equal(i, 3);
	assert_int_equal(json_get_hex(j, "a.id", &u, &e), 0);
	assert_int_equal(u, 254);
	assert_int_equal(json_get_bool(json_member(json_find(j, "a"), "x.y"),
	                               "", &b, &e), 0);
	assert_true(b);
	assert_int_equal(json_opt_str(j, "a.z", &s, &e), 0);
	assert_string_equal(s, "kept");
	assert_int_equal(json_get_list(j, "m[0]", &v, &e), 0);
	assert_int_equal(json_count(v), 2);
	assert_int_equal(json_count(json_find(j, "a")), 4);
	assert_null(json_find(j, "a.b[2]"));
	assert_null(json_find(j, "a.b[x]"));
	assert_null(json_find(j, "nothing.at.all"));
	assert_null(json_text(json_find(j, "a.b[0].n")));
	json_free(j);
	json_free(NULL);
}

static void errors_name_the_path(void **state)
{
	struct json *j = parse("{\"a\": [\"x\", 1.5, -3, "
	                       "\"18446744073709551616\"], \"o\": {}}");
	struct err e = ERR_INIT;
	const struct json *v;
	const char *s;
	uint64_t u = 5;
	_Bool b;

	(void)state;
	assert_int_equal(json_get_u64(j, "a[0]", &u, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_string_equal(e.text,
	                    "'a[0]': expected a number, found a string");
	assert_int_equal(json_get_u64(j, "a[1]", &u, &e), -1);
	assert_string_equal(e.text,
	                    "'a[1]': expected a number, found a fraction");
	assert_int_equal(json_get_u64(j, "a[2]", &u, &e), -1);
	assert_string_equal(e.text, "'a[2]' is below zero");
	assert_int_equal(json_get_u64(j, "a[3]", &u, &e), -1);
	assert_int_equal(json_get_hex(j, "a[0]", &u, &e), -1);
	assert_string_equal(e.text, "'a[0]': expected hex digits, found a "
	                            "string");
	assert_int_equal(u, 5);
	assert_int_equal(json_get_str(j, "b.c", &s, &e), -1);
	assert_string_equal(e.text, "'b.c' is missing");
	assert_int_equal(json_get_bool(j, "o", &b, &e), -1);
	assert_string_equal(e.text,
	                    "'o': expected true or false, found an object");
	assert_int_equal(json_get_list(j, "o", &v, &e), -1);
	assert_int_equal(json_get_object(j, "a", &v, &e), -1);
	assert_string_equal(e.text, "'a': expected an object, found a list");
	json_free(j);
}

static void hostile_texts_are_refused(void **state)
{
	static const struct { const char *text, *error; } bad[] = {
		{ "", "not json: line 1 column 0: unexpected token" },
		{ "{\"a\": 1, \"a\": 2}",
		  "not json: line 1 column 12: duplicate object key" },
		{ "{\"key\": hunter2}",
		  "not json: line 1 column 14: invalid token" },
		{ "\"\xff\"",
		  "not json: line 1 column 1: unable to decode byte 0xff" },
		{ "[1] 2", "not json: line 1 column 5: end of file expected" },
		{ "99999999999999999999", "not json: line 1 column 20: too big "
		                          "integer" },
	};
	struct json *j = NULL;
	struct err e = ERR_INIT;
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(json_parse(&j, bad[i].text,
		                            strlen(bad[i].text), 4096, &e), -1);
		assert_int_equal(e.kind, ERR_CORRUPT);
		assert_string_equal(e.text, bad[i].error);
	}
	assert_int_equal(json_parse(&j, "[ 1 ]", 5, 4, &e), -1);
	assert_string_equal(e.text, "json text is longer than 4 bytes");
	(void)memset(deep, '[', 65);
	assert_int_equal(json_parse(&j, deep, 65, 4096, &e), -1);
	assert_string_equal(e.text,
	                    "json text is nested deeper than 64 levels");
	(void)memset(deep + 64, ']', 64);
	assert_int_equal(json_parse(&j, deep, 128, 4096, &e), 0);
	json_free(j);
	j = parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	          "[[[[[[[[[[[[[[[[[[\\\"[[[[[[[\"");
	json_free(j);
	assert_null(json_find(NULL, "a"));
}

static void objects_are_walked(void **state)
{
	struct json *j = parse("{\"a\": 1, \"b\": \"two\"}");
	const struct json *v = NULL;
	void *it = NULL;
	const char *k;
	unsigned seen = 0;

	(void)state;
	while ((k = json_each(j, &it, &v)) != NULL) {
		seen |= k[0] == 'a' ? 1U : 2U;
		if (k[0] == 'b')
			assert_string_equal(json_text(v), "two");
	}
	assert_int_equal(seen, 3);
	json_free(j);
}

static void written_text_is_read_back(void **state)
{
	struct buf b = BUF_INIT(4096), c = BUF_INIT(4096);
	struct jsonout o = JSONOUT_INIT(&b, 0);
	struct json *j;

	(void)state;
	jsonout_object(&o, NULL);
	jsonout_str(&o, "s", "a\"\\\n\x01\x7f\xc3\xa9\xff\xed\xa0\x80");
	jsonout_str(&o, "none", NULL);
	jsonout_fmt(&o, "f", "%d-%s", 3, "x");
	jsonout_list(&o, "l");
	jsonout_u64(&o, NULL, UINT64_C(9007199254740992));
	jsonout_u64(&o, NULL, UINT64_C(9007199254740993));
	jsonout_i64(&o, NULL, -7);
	jsonout_i64(&o, NULL, INT64_MIN);
	jsonout_hex(&o, NULL, 0xbeef);
	jsonout_bool(&o, NULL, 1);
	jsonout_end(&o);
	jsonout_object(&o, "e");
	jsonout_end(&o);
	jsonout_end(&o);
	assert_string_equal(b.data,
	                    "{\"s\":\"a\\\"\\\\\\n\\u0001\\u007f\xc3\xa9"
	                    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
	                    "\","
	                    "\"none\":null,\"f\":\"3-x\","
	                    "\"l\":[9007199254740992,\"9007199254740993\",-7,"
	                    "\"-9223372036854775808\",\"beef\",true],"
	                    "\"e\":{}}");
	j = parse(b.data);
	json_print(j, &c, 0);
	assert_non_null(strstr(c.data, "\"l\":[9007199254740992,"));
	json_free(j);
	buf_clear(&b);
	o = (struct jsonout)JSONOUT_INIT(&b, 1);
	jsonout_object(&o, NULL);
	jsonout_bool(&o, "a", 0);
	jsonout_list(&o, "b");
	jsonout_end(&o);
	jsonout_end(&o);
	assert_string_equal(b.data, "{\n  \"a\": false,\n  \"b\": []\n}\n");
	buf_close(&b);
	buf_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found_by_path),
		cmocka_unit_test(errors_name_the_path),
		cmocka_unit_test(hostile_texts_are_refused),
		cmocka_unit_test(objects_are_walked),
		cmocka_unit_test(written_text_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
