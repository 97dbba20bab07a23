/* grpc_status.h - gRPC's status numbers: their words, and what they mean here.
 */
#ifndef NET_GRPC_STATUS_H
#define NET_GRPC_STATUS_H

#include "base/err.h"

/* number, word, our kind of error */
#define GRPC_STATUSES(X) \
	X(0, OK, ERR_NONE) \
	X(1, CANCELLED, ERR_REMOTE) \
	X(2, UNKNOWN, ERR_REMOTE) \
	X(3, INVALID_ARGUMENT, ERR_USAGE) \
	X(4, DEADLINE_EXCEEDED, ERR_REMOTE) \
	X(5, NOT_FOUND, ERR_MISSING) \
	X(6, ALREADY_EXISTS, ERR_REFUSED) \
	X(7, PERMISSION_DENIED, ERR_REFUSED) \
	X(8, RESOURCE_EXHAUSTED, ERR_REMOTE) \
	X(9, FAILED_PRECONDITION, ERR_REFUSED) \
	X(10, ABORTED, ERR_REMOTE) \
	X(11, OUT_OF_RANGE, ERR_REFUSED) \
	X(12, UNIMPLEMENTED, ERR_REFUSED) \
	X(13, INTERNAL, ERR_REMOTE) \
	X(14, UNAVAILABLE, ERR_REMOTE) \
	X(15, DATA_LOSS, ERR_CORRUPT) \
	X(16, UNAUTHENTICATED, ERR_USAGE)

enum grpc_status {
	GRPC_STATUS_NONE = -1,          /* no status came */
#define X(number, word, kind) GRPC_STATUS_##word = number,
	GRPC_STATUSES(X)
#undef X
};

/* "UNAVAILABLE"; an unknown number gives "UNKNOWN". */
const char *grpc_status_word(int status);
enum err_kind grpc_status_kind(int status);
/* The number in a grpc-status header; nonsense gives GRPC_STATUS_UNKNOWN. */
int grpc_status_parse(const char *value);
/* The status that an HTTP status other than 200 stands for. */
int grpc_status_of_http(int http_status);
/* Undo the %XX of a grpc-message in place; what is not printable becomes '?'
 * so that the text can go to a terminal or a log. */
void grpc_status_decode(char *message);

#endif
