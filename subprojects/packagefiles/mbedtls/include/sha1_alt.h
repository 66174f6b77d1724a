// SHA-1 in name only: certificates that are signed with it can be parsed, but the hash is refused (sha1_refused.c).
//
// The signature of a root is never checked, and no other signature may use SHA-1 (mbedTLS's default profile).
#pragma once

typedef struct mbedtls_sha1_context {
  char unused;
} mbedtls_sha1_context;
