/* notify.h - tell the service manager how we are (systemd's protocol).
 *
 * Datagrams to the socket that NOTIFY_SOCKET names, a path or "@" and an
 * abstract name.  Without one every call succeeds and does nothing, so callers
 * need no condition.  Sending never blocks and never raises a signal; a
 * failure is worth a log line and nothing else, hence no MUST_USE there. */
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdint.h>

#include "base/err.h"

enum { NOTIFY_TEXT_MAX = 400 };         /* bytes of a status that are sent */

struct notify {
	int fd;                 /* -1: nobody listens */
	int64_t watchdog_ms;    /* a sign of life within this; 0: none needed */
};
#define NOTIFY_INIT { .fd = -1 }

/* Connect as the environment says, and take NOTIFY_SOCKET, WATCHDOG_USEC and
 * WATCHDOG_PID out of it, so that no child speaks in our name.  End with
 * notify_close(), in a forked child too.  Fails (ERR_USAGE) on an address that
 * is neither, ERR_SYS when the socket cannot be reached; `n` is silent then. */
int notify_open(struct notify *n, struct err *e) MUST_USE;
void notify_close(struct notify *n);

/* We serve.  `text` (or NULL) becomes the status; line breaks and other control
 * characters in it turn into spaces. */
int notify_ready(struct notify *n, const char *text, struct err *e);
/* A line for people who ask for our status. */
int notify_status(struct notify *n, const char *text, struct err *e);
/* Alive.  Send it at least every watchdog_ms / 2. */
int notify_watchdog(struct notify *n, struct err *e);
/* The configuration is read again; notify_ready() ends it. */
int notify_reloading(struct notify *n, struct err *e);
/* We are on our way out. */
int notify_stopping(struct notify *n, struct err *e);

#endif
