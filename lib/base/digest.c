#include "base/digest.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

int digest_init(struct digest *d, struct err *e)
{
	if (d->ctx == NULL)
		d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL)
		return err_nomem(e);
	d->failed = 0;
	if (EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_SYS, "cannot start a sha-256 digest");
	return 0;
}

void digest_update(struct digest *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		d->failed = 1;
}

int digest_final(struct digest *d, unsigned char out[DIGEST_LEN],
                 struct err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (d->failed || EVP_DigestFinal_ex(d->ctx, md, &n) != 1 ||
	    n != DIGEST_LEN)
		return err_set(e, ERR_SYS, "cannot end a sha-256 digest");
	(void)memcpy(out, md, DIGEST_LEN);
	return 0;
}

int digest_so_far(const struct digest *d, unsigned char out[DIGEST_LEN],
                  struct err *e)
{
	struct digest copy = { .ctx = EVP_MD_CTX_new(), .failed = d->failed };
	int rc;

	if (copy.ctx == NULL)
		return err_nomem(e);
	if (EVP_MD_CTX_copy_ex(copy.ctx, d->ctx) != 1)
		copy.failed = 1;
	rc = digest_final(&copy, out, e);
	digest_clear(&copy);
	return rc;
}

void digest_clear(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	*d = (struct digest)DIGEST_INIT;
}

int digest_of(const void *data, size_t len, unsigned char out[DIGEST_LEN],
              struct err *e)
{
	struct digest d = DIGEST_INIT;
	int rc = digest_init(&d, e);

	if (rc == 0) {
		digest_update(&d, data, len);
		rc = digest_final(&d, out, e);
	}
	digest_clear(&d);
	return rc;
}

int digest_sha1_of(const void *data, size_t len,
                   unsigned char out[DIGEST_SHA1_LEN], struct err *e)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(data, len, md, &n, EVP_sha1(), NULL) != 1 ||
	    n != DIGEST_SHA1_LEN)
		return err_set(e, ERR_SYS, "cannot make a sha-1 digest");
	(void)memcpy(out, md, DIGEST_SHA1_LEN);
	return 0;
}

void digest_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

_Bool digest_unhex(const char *text, void *out, size_t len)
{
	unsigned char *p = out;

	if (strlen(text) != 2 * len)
		return 0;
	for (const char *c = text; *c != '\0'; c++)
		if (nibble(*c) < 0)
			return 0;
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(nibble(text[2 * i]) << 4 |
		                       nibble(text[2 * i + 1]));
	return 1;
}

int digest_random(void *out, size_t len, struct err *e)
{
	for (unsigned char *p = out; len > 0; ) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "cannot get random bytes");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
