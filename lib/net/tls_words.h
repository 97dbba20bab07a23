/* tls_words.h - what a failed TLS handshake means, in words for an operator.
 *
 * `verify` is OpenSSL's verification result (0: fine), `detail` what the
 * library said, `have_cert` whether we offered a client certificate.  Returns a
 * constant text, or NULL when the failure is none that we know. */
#ifndef NET_TLS_WORDS_H
#define NET_TLS_WORDS_H

const char *tls_words_explain(long verify, const char *detail,
                              _Bool have_cert);

#endif
