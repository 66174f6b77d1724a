// What TLS 1.3 asks of mbedTLS's PSA layer, and nothing else of it: hashes, HKDF, one MAC and the exchange of keys.
//
// The library's own is a store of keys with policies, slots and drivers, 9 kB above the functions that TLS 1.2 and the
// certificates call. Here those same functions are called at once. What is checked of a peer's key is checked by them
// (mbedtls_ecp_mul); what the callers get wrong is their bug: the keys come and go in ssl_tls13_keys.c,
// ssl_tls13_generic.c and ssl_tls13_client.c, each for one algorithm. As all of TLS it belongs to one thread.
#include "common.h"

#include <string.h>

#include "mbedtls/ecdh.h"
#include "mbedtls/error.h"
#include "mbedtls/hkdf.h"
#include "mbedtls/md.h"
#include "mbedtls/psa_util.h"
#include "psa/crypto.h"
#include "psa_util_internal.h"

// Either one side's part of a key exchange, or the secret of a MAC. Free: neither.
typedef struct {
  mbedtls_ecdh_context exchange;
  size_t bits;
  size_t secret_bytes;
  unsigned char secret[PSA_HASH_MAX_SIZE];
} key_slot;

// A key's id is its place here, counted from 1.
static key_slot keys[MBEDTLS_PSA_KEY_SLOT_COUNT];

static psa_status_t status_of(int ret) {
  switch (ret) {
    case 0: return PSA_SUCCESS;
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED: return PSA_ERROR_INSUFFICIENT_MEMORY;
    default: return PSA_ERROR_INVALID_ARGUMENT;
  }
}

static const mbedtls_md_info_t *hash_of(psa_algorithm_t algorithm) {
  return mbedtls_md_info_from_type(mbedtls_md_type_from_psa_alg(PSA_ALG_GET_HASH(algorithm)));
}

static int random_bytes(void *context, unsigned char *out, size_t bytes) {
  (void)context;
  size_t written = 0;
  return mbedtls_psa_external_get_random(NULL, out, bytes, &written);
}

// There is nothing to start: the kernel has the random numbers, the callers their keys.
psa_status_t psa_crypto_init(void) {
  return PSA_SUCCESS;
}

// Keys

static key_slot *free_slot(mbedtls_svc_key_id_t *id) {
  for (*id = 1; *id <= MBEDTLS_PSA_KEY_SLOT_COUNT; ++*id) {
    if (keys[*id - 1].bits == 0) return &keys[*id - 1];
  }
  *id = MBEDTLS_SVC_KEY_ID_INIT;
  return NULL;
}

psa_status_t psa_import_key(const psa_key_attributes_t *attributes, const uint8_t *data, size_t bytes,
                            mbedtls_svc_key_id_t *id) {
  (void)attributes;
  if (bytes > PSA_HASH_MAX_SIZE) return PSA_ERROR_INVALID_ARGUMENT;
  key_slot *slot = free_slot(id);
  if (slot == NULL) return PSA_ERROR_INSUFFICIENT_MEMORY;
  memcpy(slot->secret, data, bytes);
  slot->secret_bytes = bytes;
  slot->bits = PSA_BYTES_TO_BITS(bytes);
  return PSA_SUCCESS;
}

// The key itself is made when its public part is asked for: mbedtls_ecdh_make_public() does both. One that could not be made
// is destroyed as any other, at the end of the handshake.
psa_status_t psa_generate_key(const psa_key_attributes_t *attributes, mbedtls_svc_key_id_t *id) {
  key_slot *slot = free_slot(id);
  if (slot == NULL) return PSA_ERROR_INSUFFICIENT_MEMORY;
  slot->bits = psa_get_key_bits(attributes);
  mbedtls_ecdh_init(&slot->exchange);
  return status_of(mbedtls_ecdh_setup(
      &slot->exchange, mbedtls_ecc_group_from_psa(PSA_KEY_TYPE_ECC_GET_FAMILY(psa_get_key_type(attributes)), slot->bits)));
}

psa_status_t psa_export_public_key(mbedtls_svc_key_id_t id, uint8_t *out, size_t room, size_t *bytes) {
  // Behind its length in one byte, which is the form of TLS 1.2.
  unsigned char point[1 + MBEDTLS_ECP_MAX_PT_LEN];
  const int ret = mbedtls_ecdh_make_public(&keys[id - 1].exchange, bytes, point, sizeof(point), random_bytes, NULL);
  if (ret != 0) return status_of(ret);
  if (--*bytes > room) return PSA_ERROR_BUFFER_TOO_SMALL;
  memcpy(out, point + 1, *bytes);
  return PSA_SUCCESS;
}

psa_status_t psa_raw_key_agreement(psa_algorithm_t algorithm, mbedtls_svc_key_id_t id, const uint8_t *peer, size_t peer_bytes,
                                   uint8_t *out, size_t room, size_t *bytes) {
  (void)algorithm;
  unsigned char point[1 + MBEDTLS_ECP_MAX_PT_LEN];
  if (peer_bytes > MBEDTLS_ECP_MAX_PT_LEN) return PSA_ERROR_INVALID_ARGUMENT;
  point[0] = (unsigned char)peer_bytes;
  memcpy(point + 1, peer, peer_bytes);
  mbedtls_ecdh_context *exchange = &keys[id - 1].exchange;
  int ret = mbedtls_ecdh_read_public(exchange, point, 1 + peer_bytes);
  if (ret == 0) ret = mbedtls_ecdh_calc_secret(exchange, bytes, out, room, random_bytes, NULL);
  return status_of(ret);
}

psa_status_t psa_get_key_attributes(mbedtls_svc_key_id_t id, psa_key_attributes_t *attributes) {
  psa_set_key_bits(attributes, keys[id - 1].bits);
  return PSA_SUCCESS;
}

psa_status_t psa_destroy_key(mbedtls_svc_key_id_t id) {
  if (id == MBEDTLS_SVC_KEY_ID_INIT) return PSA_SUCCESS;
  mbedtls_ecdh_free(&keys[id - 1].exchange);
  mbedtls_platform_zeroize(&keys[id - 1], sizeof(key_slot));
  return PSA_SUCCESS;
}

// Hashes

psa_status_t psa_hash_compute(psa_algorithm_t algorithm, const uint8_t *input, size_t input_bytes, uint8_t *hash,
                              size_t room, size_t *bytes) {
  const mbedtls_md_info_t *md = hash_of(algorithm);
  *bytes = mbedtls_md_get_size(md);
  if (*bytes > room) return PSA_ERROR_BUFFER_TOO_SMALL;
  return status_of(mbedtls_md(md, input, input_bytes, hash));
}

psa_status_t psa_mac_compute(mbedtls_svc_key_id_t id, psa_algorithm_t algorithm, const uint8_t *input,
                             size_t input_bytes, uint8_t *mac, size_t room, size_t *bytes) {
  const mbedtls_md_info_t *md = hash_of(algorithm);
  *bytes = mbedtls_md_get_size(md);
  if (*bytes > room) return PSA_ERROR_BUFFER_TOO_SMALL;
  return status_of(mbedtls_md_hmac(md, keys[id - 1].secret, keys[id - 1].secret_bytes, input, input_bytes, mac));
}

// HKDF, of which TLS 1.3 never wants more than one hash's bytes. Two inputs (salt and secret, or secret and info), then the
// output: the first is remembered by its address, the second begets the output.

psa_status_t psa_key_derivation_setup(psa_key_derivation_operation_t *operation, psa_algorithm_t algorithm) {
  operation->alg = algorithm;
  operation->ctx.hkdf.info = NULL;
  return PSA_SUCCESS;
}

psa_status_t psa_key_derivation_input_bytes(psa_key_derivation_operation_t *operation, psa_key_derivation_step_t step,
                                            const uint8_t *data, size_t bytes) {
  (void)step;
  psa_hkdf_key_derivation_t *hkdf = &operation->ctx.hkdf;
  if (hkdf->info == NULL) {
    hkdf->info = (uint8_t *)data;
    hkdf->info_length = bytes;
    return PSA_SUCCESS;
  }
  const mbedtls_md_info_t *md = hash_of(operation->alg);
  operation->capacity = mbedtls_md_get_size(md);
  if (PSA_ALG_IS_HKDF_EXTRACT(operation->alg)) {
    return status_of(mbedtls_hkdf_extract(md, hkdf->info, hkdf->info_length, data, bytes, hkdf->output_block));
  }
  return status_of(
      mbedtls_hkdf_expand(md, hkdf->info, hkdf->info_length, data, bytes, hkdf->output_block, operation->capacity));
}

psa_status_t psa_key_derivation_output_bytes(psa_key_derivation_operation_t *operation, uint8_t *out, size_t bytes) {
  if (bytes > operation->capacity) return PSA_ERROR_INSUFFICIENT_DATA;
  memcpy(out, operation->ctx.hkdf.output_block, bytes);
  return PSA_SUCCESS;
}

psa_status_t psa_key_derivation_abort(psa_key_derivation_operation_t *operation) {
  mbedtls_platform_zeroize(operation, sizeof(*operation));
  return PSA_SUCCESS;
}

// Named in pk.c and psa_util.c, where nothing of ours leads.

psa_status_t psa_export_key(mbedtls_svc_key_id_t id, uint8_t *data, size_t room, size_t *bytes) {
  (void)id;
  (void)data;
  (void)room;
  (void)bytes;
  return PSA_ERROR_NOT_SUPPORTED;
}

psa_status_t psa_generate_random(uint8_t *out, size_t bytes) {
  (void)out;
  (void)bytes;
  return PSA_ERROR_NOT_SUPPORTED;
}

void psa_reset_key_attributes(psa_key_attributes_t *attributes) {
  memset(attributes, 0, sizeof(*attributes));
}
