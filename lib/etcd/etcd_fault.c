#include "etcd/etcd_fault.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *words, *hint;
	enum err_kind kind;
} faults[] = {
	[ETCD_FAULT_NONE] = { "", "", ERR_NONE },
#define X(name, words, kind, hint) [ETCD_FAULT_##name] = { words, hint, kind },
	ETCD_FAULTS(X)
#undef X
};

enum etcd_fault etcd_fault_of(const char *message)
{
	for (size_t i = 1; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strstr(message, faults[i].words) != NULL)
			return (enum etcd_fault)i;
	return ETCD_FAULT_NONE;
}

void etcd_fault_refine(enum etcd_fault fault, struct err *e)
{
	if (fault == ETCD_FAULT_NONE)
		return;
	e->kind = faults[fault].kind;
	if (faults[fault].hint[0] != '\0')
		(void)err_hint(e, "%s", faults[fault].hint);
}
