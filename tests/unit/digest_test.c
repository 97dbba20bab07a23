#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/digest.h"

static void pieces_make_the_known_digest(void **state)
{
	struct digest d = DIGEST_INIT;
	unsigned char a[DIGEST_LEN], b[DIGEST_LEN];
	char hex[DIGEST_HEX + 1];
	struct err e = ERR_INIT;

	(void)state;
	for (int round = 0; round < 2; round++) {
		assert_int_equal(digest_init(&d, &e), 0);
		digest_update(&d, "a", 1);
		digest_update(&d, "", 0);
		digest_update(&d, "bc", 2);
		assert_int_equal(digest_final(&d, a, &e), 0);
		digest_hex(a, sizeof(a), hex);
		assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b0036"
		                    "1a396177a9cb410ff61f20015ad");
	}
	assert_int_equal(digest_of("abc", 3, b, &e), 0);
	assert_memory_equal(a, b, DIGEST_LEN);
	digest_clear(&d);
	digest_clear(&d);
}

static void hex_is_read_strictly(void **state)
{
	unsigned char v[2] = { 1, 2 };

	(void)state;
	assert_false(digest_unhex("0g00", v, 2));
	assert_false(digest_unhex("00", v, 2));
	assert_false(digest_unhex("000000", v, 2));
	assert_int_equal(v[0], 1);
	assert_true(digest_unhex("fA09", v, 2));
	assert_int_equal(v[0], 0xfa);
	assert_int_equal(v[1], 9);
}

static void random_bytes_differ(void **state)
{
	unsigned char a[32] = { 0 }, b[32] = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(digest_random(a, sizeof(a), &e), 0);
	assert_int_equal(digest_random(b, sizeof(b), &e), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_make_the_known_digest),
		cmocka_unit_test(hex_is_read_strictly),
		cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
