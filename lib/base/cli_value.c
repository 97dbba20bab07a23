#include "base/cli_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

static void *field(const struct cli_opt *o, void *config)
{
	return (char *)config + o->offset;
}

/* So that it reads back as just the same: "1h30m". */
static void format_exact(int64_t ms, char out[UNITS_TEXT])
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
		{ "s", 1000 }, { "ms", 1 },
	};
	size_t n = 0;

	(void)snprintf(out, UNITS_TEXT, "0");
	for (size_t i = 0; i < 5 && n < UNITS_TEXT; i++) {
		int64_t k = ms / units[i].ms;

		if (k <= 0)
			continue;
		n += (size_t)snprintf(out + n, UNITS_TEXT - n, "%" PRId64 "%s",
		                      k, units[i].name);
		ms -= k * units[i].ms;
	}
}

static int range_error(const struct cli_opt *o, const char *text,
                       struct err *e)
{
	char low[UNITS_TEXT], high[UNITS_TEXT];

	if (o->type == CLI_SPAN) {
		format_exact((int64_t)o->min, low);
		format_exact((int64_t)o->max, high);
	} else {
		(void)snprintf(low, sizeof(low), "%" PRIu64, o->min);
		(void)snprintf(high, sizeof(high), "%" PRIu64, o->max);
	}
	if (o->max == 0)
		return err_set(e, ERR_USAGE, "'%.64s' is below %s", text, low);
	return err_set(e, ERR_USAGE, "'%.64s' is not within %s to %s", text,
	               low, high);
}

static int check_range(const struct cli_opt *o, uint64_t value,
                       const char *text, struct err *e)
{
	if (value < o->min || (o->max != 0 && value > o->max))
		return range_error(o, text, e);
	return 0;
}

static int set_text(char **to, const char *text, struct err *e)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return err_nomem(e);
	free(*to);
	*to = copy;
	return 0;
}

static int set_flag(_Bool *to, const char *text, struct err *e)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return err_set(e, ERR_USAGE, "'%.64s' is neither true nor "
		               "false", text);
	*to = text[0] == 't';
	return 0;
}

static int set_count(const struct cli_opt *o, uint64_t *to, const char *text,
                     struct err *e)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
		return err_set(e, ERR_USAGE, "not a number: '%.64s'", text);
	if (check_range(o, n, text, e) < 0)
		return -1;
	*to = n;
	return 0;
}

static int set_size(const struct cli_opt *o, uint64_t *to, const char *text,
                    struct err *e)
{
	uint64_t n;

	if (units_parse_bytes(text, &n, e) < 0 ||
	    check_range(o, n, text, e) < 0)
		return -1;
	*to = n;
	return 0;
}

static int set_span(const struct cli_opt *o, int64_t *to, const char *text,
                    struct err *e)
{
	int64_t n;

	if (units_parse_ms(text, &n, e) < 0 ||
	    check_range(o, (uint64_t)n, text, e) < 0)
		return -1;
	*to = n;
	return 0;
}

static int set_choice(const struct cli_opt *o, int *to, const char *text,
                      struct err *e)
{
	const char *guess;
	size_t n = 0;

	for (; o->choices[n] != NULL; n++)
		if (strcmp(o->choices[n], text) == 0) {
			*to = (int)n;
			return 0;
		}
	guess = nearest_word(text, o->choices, n);
	(void)err_set(e, ERR_USAGE, "'%.64s' is none of", text);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(e->text);

		(void)snprintf(e->text + len, sizeof(e->text) - len, "%s %s",
		               i > 0 ? "," : "", o->choices[i]);
	}
	return guess == NULL ? -1 : err_hint(e, "did you mean '%s'?", guess);
}

int cli_value_set(const struct cli_opt *o, void *config, const char *text,
                  struct err *e)
{
	void *to = field(o, config);

	switch (o->type) {
	case CLI_FLAG:
		return set_flag(to, text, e);
	case CLI_TEXT:
	case CLI_PATH:
		return set_text(to, text, e);
	case CLI_COUNT:
		return set_count(o, to, text, e);
	case CLI_SIZE:
		return set_size(o, to, text, e);
	case CLI_SPAN:
		return set_span(o, to, text, e);
	case CLI_CHOICE:
		return set_choice(o, to, text, e);
	}
	return -1;
}

_Bool cli_value_print(const struct cli_opt *o, const void *config,
                      struct buf *b)
{
	const void *from = (const char *)config + o->offset;
	char span[UNITS_TEXT];

	switch (o->type) {
	case CLI_FLAG:
		buf_puts(b, *(const _Bool *)from ? "true" : "false");
		return 1;
	case CLI_TEXT:
	case CLI_PATH:
		if (*(char *const *)from == NULL)
			return 0;
		buf_puts(b, *(char *const *)from);
		return 1;
	case CLI_COUNT:
	case CLI_SIZE:
		buf_printf(b, "%" PRIu64, *(const uint64_t *)from);
		return 1;
	case CLI_SPAN:
		format_exact(*(const int64_t *)from, span);
		buf_puts(b, span);
		return 1;
	case CLI_CHOICE:
		buf_puts(b, o->choices[*(const int *)from]);
		return 1;
	}
	return 0;
}

void cli_value_clear(const struct cli_opt *o, void *config)
{
	char **text = field(o, config);

	if (o->type != CLI_TEXT && o->type != CLI_PATH)
		return;
	free(*text);
	*text = NULL;
}
