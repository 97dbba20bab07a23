/* json.h - read JSON that others wrote.  (Writing it: jsonout.h.)
 *
 * A text is parsed whole, within bounds of size and depth, duplicate keys
 * refused.  Values are found by path from any value: "etcd.members[2].name",
 * or "" for the value itself; a key that holds a dot or a bracket is reached
 * by json_member().  Errors are ERR_CORRUPT and name the path.
 *
 * What a getter returns lives as long as the root; only the root is freed. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct json;                            /* opaque: any JSON value */

enum { JSON_DEPTH_MAX = 64 };

/* Parse `len` bytes, at most `max` of them.  On success free with json_free().
 * Errors say line and column, and quote nothing: it may be secret. */
int json_parse(struct json **out, const char *text, size_t len, size_t max,
               struct err *e) MUST_USE;
void json_free(struct json *j);

/* The value at `path`, or NULL when there is none or it is null. */
const struct json *json_find(const struct json *j, const char *path);
/* The value of exactly this key, or NULL. */
const struct json *json_member(const struct json *j, const char *key);
/* Number of items of a list or members of an object; 0 of anything else. */
size_t json_count(const struct json *j);
/* The i-th item of a list, or NULL. */
const struct json *json_item(const struct json *j, size_t i);
/* Walk an object: call with *it = NULL first; the key, or NULL at the end. */
const char *json_each(const struct json *j, void **it,
                      const struct json **value);
/* The text of a string, NULL when `j` is NULL or not a string. */
const char *json_text(const struct json *j);

/* Required values.  A string's bytes are UTF-8 without a NUL. */
int json_get_str(const struct json *j, const char *path, const char **out,
                 struct err *e) MUST_USE;
/* A whole number, or the same as a decimal string (beyond 2^53). */
int json_get_u64(const struct json *j, const char *path, uint64_t *out,
                 struct err *e) MUST_USE;
int json_get_i64(const struct json *j, const char *path, int64_t *out,
                 struct err *e) MUST_USE;
/* A string of 1 to 16 hex digits: etcd's ids. */
int json_get_hex(const struct json *j, const char *path, uint64_t *out,
                 struct err *e) MUST_USE;
int json_get_bool(const struct json *j, const char *path, _Bool *out,
                  struct err *e) MUST_USE;
int json_get_list(const struct json *j, const char *path,
                  const struct json **out, struct err *e) MUST_USE;
int json_get_object(const struct json *j, const char *path,
                    const struct json **out, struct err *e) MUST_USE;

/* The same, but an absent value (or null) leaves `out` as it is. */
int json_opt_str(const struct json *j, const char *path, const char **out,
                 struct err *e) MUST_USE;
int json_opt_u64(const struct json *j, const char *path, uint64_t *out,
                 struct err *e) MUST_USE;
int json_opt_i64(const struct json *j, const char *path, int64_t *out,
                 struct err *e) MUST_USE;
int json_opt_hex(const struct json *j, const char *path, uint64_t *out,
                 struct err *e) MUST_USE;
int json_opt_bool(const struct json *j, const char *path, _Bool *out,
                  struct err *e) MUST_USE;
int json_opt_list(const struct json *j, const char *path,
                  const struct json **out, struct err *e) MUST_USE;

/* Append the text of a value, compact or indented by two. */
void json_print(const struct json *j, struct buf *b, _Bool indent);

#endif
