#include "net/http_identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int take_file(char **out, const char *file, const char *what,
                     struct err *e)
{
	if (file == NULL || file[0] == '\0')
		return 0;
	if (access(file, R_OK) < 0)
		return err_set(e, ERR_USAGE, "cannot read the %s '%s': %s",
		               what, file, strerror(errno));
	*out = strdup(file);
	return *out == NULL ? err_nomem(e) : 0;
}

int http_identity_init(struct http_identity *id, const struct http_options *o,
                       struct err *e)
{
	if (take_file(&id->ca_file, o->ca_file, "CA", e) < 0 ||
	    take_file(&id->cert_file, o->cert_file, "certificate", e) < 0 ||
	    take_file(&id->key_file, o->key_file, "key", e) < 0)
		return -1;
	if ((id->cert_file == NULL) != (id->key_file == NULL))
		return err_set(e, ERR_USAGE, "a client certificate needs its "
		               "key, and a key its certificate");
	if (o->unix_socket == NULL)
		return 0;
	id->unix_socket = strdup(o->unix_socket);
	return id->unix_socket == NULL ? err_nomem(e) : 0;
}

void http_identity_clear(struct http_identity *id)
{
	free(id->ca_file);
	free(id->cert_file);
	free(id->key_file);
	free(id->unix_socket);
	*id = (struct http_identity){ .ca_file = NULL };
}
