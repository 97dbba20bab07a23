/* crc32c.h - CRC-32 Castagnoli (RFC 3720, appendix B.4), and its algebra.
 *
 * etcd hashes its buckets and guards its logs with this checksum.  The checksum
 * of a concatenation follows from those of the parts, so pieces may be summed
 * in the order in which they arrive and put together in another. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue `crc` (0 to begin) over `len` bytes.  Check value: "123456789" gives
 * e3069283. */
uint32_t crc32c_update(uint32_t crc, const void *data, size_t len);

/* The checksum of A followed by B, from those of A and of B (each begun with 0)
 * and the length of B in bytes. */
uint32_t crc32c_combine(uint32_t crc_a, uint32_t crc_b, uint64_t len_b);

#endif
