// mbedTLS's RSA without what makes a private key whole that lacks a part, or proves that its parts belong together: 3 kB. A
// key in PKCS #1 has all parts, none of them zero, or is refused when it is read; whether it is the certificate's is still
// asked (modulus and exponent); and what is signed with a broken one fails, since each signature is verified here first.
#include "common.h"

#include "mbedtls/rsa.h"
#include "rsa_alt_helpers.h"

#define mbedtls_rsa_deduce_primes(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_rsa_deduce_private_exponent(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_rsa_deduce_crt(...) MBEDTLS_ERR_RSA_BAD_INPUT_DATA
#define mbedtls_rsa_validate_params(...) 0
#define mbedtls_rsa_validate_crt(...) 0

#include "../library/rsa.c"
