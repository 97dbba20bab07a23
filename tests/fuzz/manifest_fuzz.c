/* Whatever the bytes are: the manifest is refused, or what was read can be
 * printed and read again to the same text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot/manifest_parse.h"
#include "snapshot/manifest_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest m = MANIFEST_INIT, n = MANIFEST_INIT;
	struct buf a = BUF_INIT(4 * BUF_MAX_TEXT);
	struct buf b = BUF_INIT(4 * BUF_MAX_TEXT);
	struct err e = ERR_INIT;

	if (manifest_parse(&m, (const char *)data, size, &e) == 0) {
		if (manifest_print(&m, &a, &e) < 0 ||
		    manifest_parse(&n, a.data, a.len, &e) < 0 ||
		    manifest_print(&n, &b, &e) < 0 || a.len != b.len ||
		    memcmp(a.data, b.data, a.len) != 0)
			abort();
	}
	manifest_clear(&m);
	manifest_clear(&n);
	buf_close(&a);
	buf_close(&b);
	return 0;
}
