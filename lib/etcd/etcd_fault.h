/* etcd_fault.h - etcd's errors that callers react to, told by their words.
 *
 * The status numbers differ between versions (and some faults come as UNKNOWN
 * from 3.4 and 3.5), the words do not. */
#ifndef ETCD_ETCD_FAULT_H
#define ETCD_ETCD_FAULT_H

#include "base/err.h"

/* name, etcd's words or a part of them, our kind of error, hint */
#define ETCD_FAULTS(X) \
	X(COMPACTED, "required revision has been compacted", ERR_REFUSED, "") \
	X(FUTURE, "required revision is a future revision", ERR_REMOTE, "") \
	X(NO_SPACE, "database space exceeded", ERR_REFUSED, \
	  "compact, defragment, then disarm the NOSPACE alarm") \
	X(TOO_MANY, "too many requests", ERR_REMOTE, "") \
	X(NOT_LEADER, "not leader", ERR_REFUSED, "") \
	X(NO_LEADER, "no leader", ERR_REMOTE, \
	  "the member sees no leader: have a majority of members running") \
	X(LEADER_CHANGED, "leader changed", ERR_REMOTE, "") \
	X(TIMED_OUT, "request timed out", ERR_REMOTE, "") \
	X(DEADLINE, "context deadline exceeded", ERR_REMOTE, "") \
	X(STOPPING, "server stopped", ERR_REMOTE, "") \
	X(UNHEALTHY, "unhealthy cluster", ERR_REMOTE, "") \
	X(LEARNER, "rpc not supported for learner", ERR_REFUSED, "") \
	X(NOT_CAPABLE, "not capable", ERR_REFUSED, "") \
	X(MEMBER_EXISTS, "member ID already exist", ERR_REFUSED, "") \
	X(PEER_EXISTS, "Peer URLs already exists", ERR_REFUSED, "") \
	X(NOT_ENOUGH, "not enough started members", ERR_REFUSED, "") \
	X(LEARNER_BEHIND, "which is in sync with leader", ERR_REFUSED, "") \
	X(NOT_A_LEARNER, "can only promote a learner member", ERR_REFUSED, "") \
	X(TOO_MANY_LEARNERS, "too many learner members", ERR_REFUSED, "") \
	X(MEMBER_MISSING, "member not found", ERR_MISSING, "") \
	X(BAD_TOKEN, "invalid auth token", ERR_USAGE, "") \
	X(OLD_TOKEN, "revision of auth store is old", ERR_REMOTE, "") \
	X(NO_USER, "user name is empty", ERR_USAGE, \
	  "authentication is enabled: give a user and a password") \
	X(BAD_LOGIN, "invalid user ID or password", ERR_USAGE, "") \
	X(DENIED, "permission denied", ERR_REFUSED, \
	  "snapshots and hashes need a user with the role root") \
	X(AUTH_OFF, "authentication is not enabled", ERR_REFUSED, "") \
	X(CORRUPT, "corrupt cluster", ERR_CORRUPT, \
	  "members hold different data: do not compact") \
	X(TOO_LARGE, "request is too large", ERR_USAGE, "") \
	X(NO_METHOD, "unknown method", ERR_REFUSED, \
	  "the server is too old for this")

enum etcd_fault {
	ETCD_FAULT_NONE,        /* no failure, or one that etcd did not tell */
#define X(name, words, kind, hint) ETCD_FAULT_##name,
	ETCD_FAULTS(X)
#undef X
};

/* What a grpc-message of etcd means. */
enum etcd_fault etcd_fault_of(const char *message);
/* Correct the kind of `e` for `fault` and append its hint. */
void etcd_fault_refine(enum etcd_fault fault, struct err *e);

#endif
