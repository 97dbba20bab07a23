/* etcd_endpoints.h - read a list of endpoints as etcdctl takes it.
 *
 * `list` is URLs separated by commas.  Each comes back as "scheme://host:port";
 * a missing scheme is https when `tls`, else http.  Refused: other schemes,
 * user names, paths, blanks, an empty list, more than
 * ETCD_CLIENT_ENDPOINTS_MAX, and http when `tls`, as the secrets would then
 * travel in the clear. */
#ifndef ETCD_ETCD_ENDPOINTS_H
#define ETCD_ETCD_ENDPOINTS_H

#include "base/err.h"

int etcd_endpoints_parse(const char *list, _Bool tls,
                         int (*on_url)(void *arg, const char *url,
                                       struct err *e),
                         void *arg, struct err *e) MUST_USE;

#endif
