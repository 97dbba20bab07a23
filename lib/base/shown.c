#include "base/shown.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const char *shown_name(const char *text, char out[SHOWN_MAX])
{
	size_t len = strlen(text), n = 0;

	while (len > 0 && n + 5 < SHOWN_MAX) {
		uint32_t c = 0;
		size_t k = utf8_decode(text, len, &c);
		size_t step = k > 0 ? k : 1;

		if (k > 0 && !utf8_is_control(c)) {
			(void)memcpy(out + n, text, k);
			n += k;
		} else {
			/* The rest of a control of several bytes is none. */
			(void)snprintf(out + n, 5, "\\x%02x",
			               (unsigned)(unsigned char)text[0]);
			n += 4;
			step = 1;
		}
		text += step;
		len -= step;
	}
	out[n] = '\0';
	return out;
}

size_t shown_width(const char *shown)
{
	size_t n = 0;

	for (; *shown != '\0'; shown++)
		n += ((unsigned char)*shown & 0xc0) != 0x80;
	return n;
}
