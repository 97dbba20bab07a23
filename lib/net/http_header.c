#include "net/http_header.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_header_parse(struct http_header *h, const char *data, size_t len)
{
	size_t n = len < sizeof(h->line) ? len : sizeof(h->line) - 1;
	char *value;

	(void)memcpy(h->line, data, n);
	while (n > 0 && isspace((unsigned char)h->line[n - 1]))
		n--;
	h->line[n] = '\0';
	h->status = 0;
	h->name = h->value = "";
	if (strncasecmp(h->line, "HTTP/", 5) == 0) {
		value = strchr(h->line, ' ');
		h->status = value == NULL ? 0 : (int)strtol(value, NULL, 10);
		return;
	}
	value = strchr(h->line, ':');
	if (value == NULL)
		return;
	*value++ = '\0';
	for (char *p = h->line; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	h->name = h->line;
	h->value = value + strspn(value, " \t");
}
