#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { KEY_MAX = 256 };                 /* bytes of one key in a path */

/* Our values are jansson's under a name of ours; nobody else sees inside. */
static const json_t *in(const struct json *j)
{
	return (const json_t *)(const void *)j;
}

static const struct json *out_of(const json_t *v)
{
	return (const struct json *)(const void *)v;
}

/* The parser recurses and allows 2048 levels; strangers get fewer. */
static _Bool too_deep(const char *text, size_t len)
{
	_Bool quoted = 0;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if ((c == '{' || c == '[') && ++depth > JSON_DEPTH_MAX)
			return 1;
		else if (c == '}' || c == ']')
			depth--;
	}
	return 0;
}

/* Without what the parser quotes from the text: that may be a secret. */
static int reason_len(const char *text)
{
	const char *end = strstr(text, " near ");

	return end == NULL ? (int)strlen(text) : (int)(end - text);
}

int json_parse(struct json **out, const char *text, size_t len, size_t max,
               struct err *e)
{
	json_error_t je;
	json_t *v;

	if (len > max)
		return err_set(e, ERR_CORRUPT,
		               "json text is longer than %zu bytes", max);
	if (too_deep(text, len))
		return err_set(e, ERR_CORRUPT,
		               "json text is nested deeper than %d levels",
		               JSON_DEPTH_MAX);
	v = json_loadb(len > 0 ? text : "", len,
	               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (v == NULL)
		return err_set(e, ERR_CORRUPT,
		               "not json: line %d column %d: %.*s", je.line,
		               je.column, reason_len(je.text), je.text);
	*out = (struct json *)(void *)v;
	return 0;
}

void json_free(struct json *j)
{
	json_decref((json_t *)(void *)j);
}

const struct json *json_member(const struct json *j, const char *key)
{
	return out_of(json_object_get(in(j), key));
}

const struct json *json_item(const struct json *j, size_t i)
{
	return out_of(json_array_get(in(j), i));
}

size_t json_count(const struct json *j)
{
	if (json_is_array(in(j)))
		return json_array_size(in(j));
	return json_object_size(in(j));
}

const char *json_each(const struct json *j, void **it,
                      const struct json **value)
{
	/* The iterator of a const object changes nothing in it. */
	json_t *o = (json_t *)(uintptr_t)j;

	*it = *it == NULL ? json_object_iter(o)
	                  : json_object_iter_next(o, *it);
	if (*it == NULL)
		return NULL;
	*value = out_of(json_object_iter_value(*it));
	return json_object_iter_key(*it);
}

const char *json_text(const struct json *j)
{
	return json_string_value(in(j));
}

const struct json *json_find(const struct json *j, const char *path)
{
	while (j != NULL && *path != '\0') {
		char key[KEY_MAX];
		size_t n;

		if (*path == '[') {
			char *end;
			unsigned long i = strtoul(path + 1, &end, 10);

			if (end == path + 1 || *end != ']')
				return NULL;
			j = json_item(j, i);
			path = end + 1;
		} else {
			n = strcspn(path, ".[");
			if (n >= sizeof(key))
				return NULL;
			(void)memcpy(key, path, n);
			key[n] = '\0';
			j = json_member(j, key);
			path += n;
		}
		if (*path == '.')
			path++;
	}
	return json_is_null(in(j)) ? NULL : j;
}

static const char *kind_of(const struct json *j)
{
	switch (json_typeof(in(j))) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a whole number";
	case JSON_REAL:
		return "a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}

static int wrong(const struct json *j, const char *path, const char *want,
                 struct err *e)
{
	return err_set(e, ERR_CORRUPT, "'%s': expected %s, found %s", path,
	               want, kind_of(j));
}

static int absent(const char *path, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "'%s' is missing", path);
}

int json_opt_str(const struct json *j, const char *path, const char **out,
                 struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return 0;
	if (!json_is_string(in(v)))
		return wrong(v, path, "a string", e);
	*out = json_string_value(in(v));
	return 0;
}

/* All of `s` as an unsigned number of this base, digits only. */
static _Bool digits(const char *s, int base, uint64_t *out)
{
	const char *set = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	size_t n = strlen(s);
	unsigned long long v;

	if (n == 0 || n > 20 || strspn(s, set) != n || (base == 16 && n > 16))
		return 0;
	errno = 0;
	v = strtoull(s, NULL, base);
	if (errno != 0)
		return 0;
	*out = v;
	return 1;
}

int json_opt_u64(const struct json *j, const char *path, uint64_t *out,
                 struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return 0;
	if (json_is_string(in(v))) {
		if (!digits(json_string_value(in(v)), 10, out))
			return wrong(v, path, "a number", e);
		return 0;
	}
	if (!json_is_integer(in(v)))
		return wrong(v, path, "a number", e);
	if (json_integer_value(in(v)) < 0)
		return err_set(e, ERR_CORRUPT, "'%s' is below zero", path);
	*out = (uint64_t)json_integer_value(in(v));
	return 0;
}

int json_opt_i64(const struct json *j, const char *path, int64_t *out,
                 struct err *e)
{
	const struct json *v = json_find(j, path);
	const char *s;
	uint64_t u;
	_Bool minus;

	if (v == NULL)
		return 0;
	if (json_is_integer(in(v))) {
		*out = json_integer_value(in(v));
		return 0;
	}
	s = json_string_value(in(v));
	minus = s != NULL && *s == '-';
	if (s == NULL || !digits(s + minus, 10, &u) || u > INT64_MAX)
		return wrong(v, path, "a number", e);
	*out = minus ? -(int64_t)u : (int64_t)u;
	return 0;
}

int json_opt_hex(const struct json *j, const char *path, uint64_t *out,
                 struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return 0;
	if (!json_is_string(in(v)) ||
	    !digits(json_string_value(in(v)), 16, out))
		return wrong(v, path, "hex digits", e);
	return 0;
}

int json_opt_bool(const struct json *j, const char *path, _Bool *out,
                  struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return 0;
	if (!json_is_boolean(in(v)))
		return wrong(v, path, "true or false", e);
	*out = json_is_true(in(v));
	return 0;
}

int json_opt_list(const struct json *j, const char *path,
                  const struct json **out, struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return 0;
	if (!json_is_array(in(v)))
		return wrong(v, path, "a list", e);
	*out = v;
	return 0;
}

int json_get_object(const struct json *j, const char *path,
                    const struct json **out, struct err *e)
{
	const struct json *v = json_find(j, path);

	if (v == NULL)
		return absent(path, e);
	if (!json_is_object(in(v)))
		return wrong(v, path, "an object", e);
	*out = v;
	return 0;
}

/* The required getters: present, then as the optional ones. */
#define GET(name, type) \
	int json_get_##name(const struct json *j, const char *path, type *out, \
	                    struct err *e) \
	{ \
		if (json_find(j, path) == NULL) \
			return absent(path, e); \
		return json_opt_##name(j, path, out, e); \
	}
GET(str, const char *)
GET(u64, uint64_t)
GET(i64, int64_t)
GET(hex, uint64_t)
GET(bool, _Bool)
GET(list, const struct json *)
#undef GET

static int to_buf(const char *text, size_t len, void *b)
{
	buf_append(b, text, len);
	return ((struct buf *)b)->failed ? -1 : 0;
}

void json_print(const struct json *j, struct buf *b, _Bool indent)
{
	size_t flags = JSON_ENCODE_ANY | (indent ? JSON_INDENT(2) :
	                                           JSON_COMPACT);

	if (json_dump_callback(in(j), to_buf, b, flags) != 0)
		b->failed = 1;
}
