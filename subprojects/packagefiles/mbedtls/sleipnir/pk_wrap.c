// mbedTLS's operations on keys without encryption by RSA, which no cipher suite of ours uses: the table of operations would
// keep it in the binary.
#include "common.h"

#include "mbedtls/pk.h"
#include "mbedtls/rsa.h"

#define mbedtls_rsa_pkcs1_decrypt(...) MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE
#define mbedtls_rsa_pkcs1_encrypt(...) MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE

#include "../library/pk_wrap.c"
