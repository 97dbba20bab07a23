#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A whole positive number, or 0. */
static uint64_t number(const char *text)
{
	char *end;
	uintmax_t v;

	if (text == NULL || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	v = strtoumax(text, &end, 10);
	return errno == 0 && *end == '\0' ? v : 0;
}

static int64_t watchdog_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t ms = number(getenv("WATCHDOG_USEC")) / 1000;

	if (pid != NULL && number(pid) != (uint64_t)getpid())
		return 0;
	return ms > INT32_MAX ? INT32_MAX : (int64_t)ms;
}

static int dial(const char *name, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	socklen_t size;
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(a.sun_path))
		return err_set(e, ERR_USAGE,
		               "not an address to notify: '%.120s'", name);
	(void)memcpy(a.sun_path, name, len);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	else
		size++;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "cannot make a socket to notify '%s'", name);
	if (connect(fd, (struct sockaddr *)&a, size) < 0) {
		(void)err_sys(e, "cannot notify '%s'", name);
		(void)close(fd);
		return -1;
	}
	return fd;
}

int notify_open(struct notify *n, struct err *e)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int rc = 0;

	*n = (struct notify)NOTIFY_INIT;
	if (name != NULL && *name != '\0') {
		n->fd = dial(name, e);
		rc = n->fd < 0 ? -1 : 0;
		if (rc == 0)
			n->watchdog_ms = watchdog_ms();
	}
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return rc;
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		(void)close(n->fd);
	*n = (struct notify)NOTIFY_INIT;
}

static int tell(struct notify *n, const char *text, struct err *e)
{
	if (n->fd < 0)
		return 0;
	if (send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return err_sys(e, "cannot notify the service manager");
	return 0;
}

static int tell_status(struct notify *n, const char *head, const char *text,
                       struct err *e)
{
	char msg[NOTIFY_TEXT_MAX + 64];
	size_t from, len;

	(void)snprintf(msg, sizeof(msg), "%sSTATUS=", head);
	from = strlen(msg);
	len = strlen(text);
	if (len > NOTIFY_TEXT_MAX) {
		/* Not amid a character: systemd drops what is not UTF-8. */
		len = NOTIFY_TEXT_MAX;
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	(void)memcpy(msg + from, text, len);
	msg[from + len] = '\0';
	for (size_t i = from; i < from + len; i++)
		if ((unsigned char)msg[i] < ' ')
			msg[i] = ' ';
	return tell(n, msg, e);
}

int notify_ready(struct notify *n, const char *text, struct err *e)
{
	if (text == NULL)
		return tell(n, "READY=1", e);
	return tell_status(n, "READY=1\n", text, e);
}

int notify_status(struct notify *n, const char *text, struct err *e)
{
	return tell_status(n, "", text, e);
}

int notify_watchdog(struct notify *n, struct err *e)
{
	return tell(n, "WATCHDOG=1", e);
}

int notify_reloading(struct notify *n, struct err *e)
{
	struct timespec t = { .tv_sec = 0 };
	char msg[64];

	/* Newer managers match the answer by this time. */
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	(void)snprintf(msg, sizeof(msg), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	               (uint64_t)t.tv_sec * 1000000 +
	               (uint64_t)t.tv_nsec / 1000);
	return tell(n, msg, e);
}

int notify_stopping(struct notify *n, struct err *e)
{
	return tell(n, "STOPPING=1", e);
}
