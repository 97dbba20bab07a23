/* etcd_client.h - a cluster's endpoints, our identity there, and calls to them.
 *
 * One `struct etcd_client` keeps connections and login tokens between calls.
 * A token is asked for when user and password are given, once an endpoint, and
 * again when the server has forgotten it; a server without authentication is
 * used without.  Everything blocks, each call within its time limits; calls to
 * all endpoints run side by side, so that a dead one costs its own timeout
 * once.  The calls themselves are in etcd_kv.h, etcd_maintenance.h and
 * etcd_cluster.h.  Not for use by two threads at once, nor from the callback of
 * a call. */
#ifndef ETCD_ETCD_CLIENT_H
#define ETCD_ETCD_CLIENT_H

#include <signal.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "etcd/etcd_fault.h"
#include "net/grpc_frame.h"

enum {
	ETCD_CLIENT_ENDPOINTS_MAX = 64,
	ETCD_CLIENT_URL_MAX = 256,
};

/* Instead of an endpoint's index: whichever answers, the last good first. */
#define ETCD_CLIENT_ANY SIZE_MAX

struct etcd_client;

struct etcd_client_options {
	/* "https://a:2379,https://b:2379"; without a scheme it is https when a
	 * TLS file is given, else http.  A mix of both is refused. */
	const char *endpoints;
	const char *ca_file, *cert_file, *key_file;     /* PEM, or NULL */
	const char *user, *password;    /* or NULL; copied, wiped in the end */
	unsigned connect_ms;            /* TCP and TLS; 0: 3 s */
	unsigned call_ms;               /* a quick call; 0: 5 s */
	unsigned slow_ms;               /* a hash, a compaction; 0: 60 s */
	unsigned idle_ms;               /* a stream without a byte; 0: 30 s */
	const volatile sig_atomic_t *stop;      /* not 0: give up; or NULL */
};

struct etcd_client *etcd_client_new(const struct etcd_client_options *o,
                                    struct err *e) MUST_USE;
void etcd_client_free(struct etcd_client *c);

size_t etcd_client_count(const struct etcd_client *c);
/* The URL of endpoint `i`, for messages. */
const char *etcd_client_url(const struct etcd_client *c, size_t i);
/* Which endpoint the last call to ETCD_CLIENT_ANY was answered by. */
size_t etcd_client_used(const struct etcd_client *c);
/* What etcd said was wrong with the last call that failed. */
enum etcd_fault etcd_client_fault(const struct etcd_client *c);

/* Was the last answer refused for being longer than its buffer may be? */
_Bool etcd_client_too_long(const struct etcd_client *c);

/* ---- for the modules of this folder ---- */

struct ProtobufCMessage;

struct etcd_client_rpc {
	const char *method;             /* "Service/Method" in etcdserverpb */
	const struct ProtobufCMessage *request;
	_Bool idempotent;               /* may be sent again when in doubt */
	_Bool slow;                     /* slow_ms instead of call_ms... */
	unsigned total_ms;              /* ...or this, when not 0 */
	/* A stream: its bytes go here, only idle_ms limits it. */
	const struct grpc_frame_sink *sink;
	size_t max;
};

/* The result of one call among several.  Close `reply` in any case. */
struct etcd_client_answer {
	int rc;
	struct err err;
	enum etcd_fault fault;
	struct buf reply;
};

/* Call one endpoint, or ETCD_CLIENT_ANY; the answer's bytes into `reply`
 * (ignored for a stream). */
int etcd_client_call(struct etcd_client *c, size_t endpoint,
                     const struct etcd_client_rpc *rpc, struct buf *reply,
                     struct err *e) MUST_USE;
/* Call all endpoints at once; answers[] has etcd_client_count() places. */
void etcd_client_call_all(struct etcd_client *c,
                          const struct etcd_client_rpc *rpc,
                          struct etcd_client_answer *answers);
/* The answer could not be decoded: set `e`. */
int etcd_client_undecodable(const char *method, struct err *e);

#endif
