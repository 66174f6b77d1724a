// mbedTLS's SHA-1 (MBEDTLS_SHA1_ALT, see sha1_alt.h): every call that would compute says that it cannot.
#include "mbedtls/sha1.h"

#include "mbedtls/error.h"

void mbedtls_sha1_init(mbedtls_sha1_context *ctx) {
  (void)ctx;
}

void mbedtls_sha1_free(mbedtls_sha1_context *ctx) {
  (void)ctx;
}

void mbedtls_sha1_clone(mbedtls_sha1_context *dst, const mbedtls_sha1_context *src) {
  *dst = *src;
}

int mbedtls_sha1_starts(mbedtls_sha1_context *ctx) {
  (void)ctx;
  return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_sha1_update(mbedtls_sha1_context *ctx, const unsigned char *input, size_t ilen) {
  (void)ctx;
  (void)input;
  (void)ilen;
  return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_sha1_finish(mbedtls_sha1_context *ctx, unsigned char output[20]) {
  (void)ctx;
  (void)output;
  return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}

int mbedtls_sha1(const unsigned char *input, size_t ilen, unsigned char output[20]) {
  (void)input;
  (void)ilen;
  (void)output;
  return MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED;
}
