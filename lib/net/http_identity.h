/* http_identity.h - which CA is trusted, which certificate is shown, and where
 * to connect: an own copy of the options, with files that can be read. */
#ifndef NET_HTTP_IDENTITY_H
#define NET_HTTP_IDENTITY_H

#include "base/err.h"
#include "net/http.h"

struct http_identity {
	char *ca_file, *cert_file, *key_file, *unix_socket;     /* or NULL */
};

/* Fill a zeroed `id`; clear it in any case. */
int http_identity_init(struct http_identity *id, const struct http_options *o,
                       struct err *e) MUST_USE;
void http_identity_clear(struct http_identity *id);

#endif
