// What of mbedTLS is in the binary: a TLS 1.2 and 1.3 client that verifies, resumes and may show a certificate of its
// own.
//
// No server, no files, no sockets, no threads (all TLS lives in the sender's thread), no generator state: random bytes
// come from mbedtls_psa_external_get_random(), which the program defines over getrandom(2), so that a snapshot has
// nothing to clone. Memory comes from one static buffer the program hands to mbedtls_memory_buffer_alloc_init().
#pragma once

// Platform
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
// The high-water mark of the buffer, from which its size is argued. Not in the release: it brings sentences for stderr.
#ifndef SLEIPNIR_RELEASE
#define MBEDTLS_MEMORY_DEBUG
#endif
// The default of 4 would put 8-byte pointers on odd words, which the undefined-behaviour sanitizer rightly refuses.
#define MBEDTLS_MEMORY_ALIGN_MULTIPLE 16
#define MBEDTLS_ERROR_STRERROR_DUMMY
#define MBEDTLS_VERSION_C

// Random numbers and the PSA layer, without which there is no TLS 1.3; what that asks of it is in
// sleipnir/psa_crypto.c, one key for each handshake and one more. Certificates and TLS 1.2 go without it, so they take
// their random bytes from mbedtls_ssl_conf_rng().
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_KEY_SLOT_COUNT 8
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "sleipnir_psa_config.h"
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG

// Ciphers: AES-GCM, by the processor's instructions, which every Lambda host has. ChaCha20 would be for peers without
// them. Only an ARM compiler that was not told of the instructions (a native build) brings AES in software too.
#define MBEDTLS_AES_C
#if defined(__x86_64__) || defined(__ARM_FEATURE_AES)
#define MBEDTLS_AES_USE_HARDWARE_ONLY
#endif
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_AESNI_C
#define MBEDTLS_AESCE_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_BLOCK_CIPHER_C
#define MBEDTLS_GCM_C
// GCM decrypts by encrypting counters.
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT

// Hashes, the smaller code: what is hashed are handshakes and certificates, a few kilobytes for each connection. SHA-1
// is there to parse old self-signed roots (24 of 151 in a system bundle); it is never computed, see sha1_alt.h.
#define MBEDTLS_MD_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA1_ALT
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER
#if defined(__ARM_FEATURE_SHA2)
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_ONLY
#else
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#endif
#define MBEDTLS_HKDF_C

// Public keys
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
// Faster by a third for 13 kB of tables: at 7 % of a core a handshake is the dearest thing this program does.
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

// Encodings; net/pem.h reads PEM.
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C

// Certificates: the callback finds the one root that is needed instead of parsing a bundle of 150
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
#define MBEDTLS_X509_REMOVE_INFO

// TLS
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_SESSION_TICKETS
// The suites that are left of those above, best first; the library's own order is a table of all that there are.
#define MBEDTLS_SSL_CIPHERSUITES                                                                      \
  MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS1_3_AES_128_GCM_SHA256,                               \
      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, \
      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
// A peer may send full records whatever we ask for. Ours are smaller: a handshake message of ours (the client's
// certificate chain in mutual TLS is the longest) must fit one.
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 8192
