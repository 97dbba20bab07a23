#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/crc32c.h"

/* One bit at a time, straight from the definition. */
static uint32_t by_definition(const unsigned char *p, size_t len)
{
	uint32_t crc = 0xffffffffu;

	while (len-- > 0) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = (crc >> 1) ^ ((crc & 1) ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static void known_values(void **state)
{
	(void)state;
	assert_int_equal(crc32c_update(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(crc32c_update(0, "key", 3), 0x40a4756du);
	assert_int_equal(crc32c_update(0, "", 0), 0);
}

static void every_length_and_cut(void **state)
{
	static unsigned char data[9000];
	unsigned seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(rand_r(&seed) >> 8);
	for (size_t len = 0; len <= sizeof(data); len += 1 + len / 16) {
		uint32_t whole = by_definition(data, len);

		assert_int_equal(crc32c_update(0, data, len), whole);
		for (size_t cut = 0; cut <= len; cut += 1 + len / 7) {
			uint32_t a = crc32c_update(0, data, cut);
			uint32_t b = crc32c_update(0, data + cut, len - cut);

			assert_int_equal(
			        crc32c_update(a, data + cut, len - cut), whole);
			assert_int_equal(crc32c_combine(a, b, len - cut),
			                 whole);
		}
	}
}

static void combine_over_gibibytes(void **state)
{
	static const unsigned char zero[1 << 16];
	uint32_t a = crc32c_update(0, "x", 1), all = a, tail = 0;
	uint64_t len = 0;

	(void)state;
	for (int i = 0; i < 1000; i++, len += sizeof(zero)) {
		all = crc32c_update(all, zero, sizeof(zero));
		tail = crc32c_update(tail, zero, sizeof(zero));
	}
	assert_int_equal(crc32c_combine(a, tail, len), all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_values),
		cmocka_unit_test(every_length_and_cut),
		cmocka_unit_test(combine_over_gibibytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
