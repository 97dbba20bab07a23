/* bytes.h - integers as they lie in files, at any alignment. */
#ifndef BOLT_BYTES_H
#define BOLT_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_le16(const void *p)
{
	uint16_t v;

	(void)memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline uint32_t bytes_le32(const void *p)
{
	uint32_t v;

	(void)memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint64_t bytes_le64(const void *p)
{
	uint64_t v;

	(void)memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline uint64_t bytes_be64(const void *p)
{
	uint64_t v;

	(void)memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static inline void bytes_put_le16(void *p, uint16_t v)
{
	v = htole16(v);
	(void)memcpy(p, &v, sizeof(v));
}

static inline void bytes_put_le32(void *p, uint32_t v)
{
	v = htole32(v);
	(void)memcpy(p, &v, sizeof(v));
}

static inline void bytes_put_le64(void *p, uint64_t v)
{
	v = htole64(v);
	(void)memcpy(p, &v, sizeof(v));
}

static inline void bytes_put_be64(void *p, uint64_t v)
{
	v = htobe64(v);
	(void)memcpy(p, &v, sizeof(v));
}

#endif
