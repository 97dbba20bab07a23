/* http_header.h - read one line of an HTTP header, or of its trailers. */
#ifndef NET_HTTP_HEADER_H
#define NET_HTTP_HEADER_H

#include <stddef.h>

enum { HTTP_HEADER_MAX = 4096 };

struct http_header {
	int status;             /* of a status line, else 0 */
	const char *name;       /* in lower case; "" when it is no header */
	const char *value;      /* without blanks around it */
	char line[HTTP_HEADER_MAX];
};

/* `data` is the line with its end; it needs no NUL, and what is beyond
 * HTTP_HEADER_MAX is cut off.  Name and value point into `h`. */
void http_header_parse(struct http_header *h, const char *data, size_t len);

#endif
