#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <mbedtls/platform.h>

#include <cstring>
#include <ctime>

namespace sleipnir {

namespace {

// Roots of one name: two or three, when a CA has renewed its key. Beyond: not tried.
constexpr int kCandidatesMax = 8;

constexpr uint32_t kCulpritFlags = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |
                                   MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                                   MBEDTLS_X509_BADCERT_BAD_KEY;

Bytes bytes_of(const mbedtls_x509_buf& buffer) {
  return {buffer.p, buffer.len};
}

// Whoever runs the server writes these texts: nothing but printable ASCII goes on.
template <size_t N>
void append_printable(FixedText<N>& out, std::string_view text) {
  for (const char c : text) {
    const char printable = c >= 0x20 && c < 0x7f ? c : '?';
    out.append({&printable, 1});
  }
}

FixedText<160> name_text(const mbedtls_x509_name& name) {
  char text[512];
  FixedText<160> out;
  const int bytes = mbedtls_x509_dn_gets(text, sizeof(text), &name);
  if (bytes < 0) {
    out.append("a very long name");
  } else {
    append_printable(out, {text, static_cast<size_t>(bytes)});
  }
  return out;
}

int64_t seconds_of(const mbedtls_x509_time& time) {
  tm utc{};
  utc.tm_year = time.year - 1900;
  utc.tm_mon = time.mon - 1;
  utc.tm_mday = time.day;
  utc.tm_hour = time.hour;
  utc.tm_min = time.min;
  utc.tm_sec = time.sec;
  return timegm(&utc);
}

FixedText<160> names_text(const mbedtls_x509_crt& certificate) {
  FixedText<160> out;
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    const int kind = name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    char address[INET6_ADDRSTRLEN];
    std::string_view text;
    if (kind == MBEDTLS_X509_SAN_DNS_NAME) {
      text = {reinterpret_cast<const char*>(name->buf.p), name->buf.len};
    } else if (kind == MBEDTLS_X509_SAN_IP_ADDRESS && (name->buf.len == 4 || name->buf.len == 16)) {
      text = inet_ntop(name->buf.len == 4 ? AF_INET : AF_INET6, name->buf.p, address, sizeof(address));
    }
    if (text.empty()) continue;
    if (!out.empty()) out.append(", ");
    append_printable(out, text);
  }
  return out;
}

PeerCertificate describe(const mbedtls_x509_crt& certificate) {
  return PeerCertificate{
      .subject = name_text(certificate.subject),
      .issuer = name_text(certificate.issuer),
      .names = names_text(certificate),
      .valid_from = seconds_of(certificate.valid_from),
      .valid_until = seconds_of(certificate.valid_to),
  };
}

struct Collected {
  mbedtls_x509_crt* first = nullptr;
  int count = 0;
  bool out_of_memory = false;
};

bool collect(void* context, Bytes certificate) {
  auto& collected = *static_cast<Collected*>(context);
  if (collected.first == nullptr) {
    collected.first = static_cast<mbedtls_x509_crt*>(mbedtls_calloc(1, sizeof(mbedtls_x509_crt)));
    if (collected.first == nullptr) {
      collected.out_of_memory = true;
      return false;
    }
    mbedtls_x509_crt_init(collected.first);
  }
  // Appends to the list. A root that mbedTLS cannot parse is as good as none; one of another source may do.
  const int error = mbedtls_x509_crt_parse_der(collected.first, certificate.data(), certificate.size());
  if (error == MBEDTLS_ERR_X509_ALLOC_FAILED) collected.out_of_memory = true;
  return !collected.out_of_memory && ++collected.count < kCandidatesMax;
}

struct Wanted {
  Bytes certificate;
  bool found = false;
};

bool compare(void* context, Bytes certificate) {
  auto& wanted = *static_cast<Wanted*>(context);
  wanted.found = certificate.size() == wanted.certificate.size() &&
                 memcmp(certificate.data(), wanted.certificate.data(), certificate.size()) == 0;
  return !wanted.found;
}

}  // namespace

TlsVerify::TlsVerify(TrustStore& roots, std::string_view host) : roots_(roots) {
  char text[INET6_ADDRSTRLEN];
  if (host.size() >= sizeof(text)) return;
  memcpy(text, host.data(), host.size());
  text[host.size()] = '\0';
  if (inet_pton(AF_INET, text, address_) == 1) {
    address_bytes_ = 4;
  } else if (inet_pton(AF_INET6, text, address_) == 1) {
    address_bytes_ = 16;
  }
}

int TlsVerify::find_roots(void* context, const mbedtls_x509_crt* child, mbedtls_x509_crt** candidates) {
  Collected collected;
  static_cast<TrustStore*>(context)->find(bytes_of(child->issuer_raw), collect, &collected);
  // mbedTLS frees the list. Without an entry of its own the head of it would be taken for a certificate.
  if (collected.first != nullptr && (collected.out_of_memory || collected.first->version == 0)) {
    mbedtls_x509_crt_free(collected.first);
    mbedtls_free(collected.first);
    collected.first = nullptr;
  }
  *candidates = collected.first;
  return collected.out_of_memory ? MBEDTLS_ERR_X509_ALLOC_FAILED : 0;
}

int TlsVerify::check(void* context, mbedtls_x509_crt* certificate, int depth, uint32_t* flags) {
  auto& verify = *static_cast<TlsVerify*>(context);
  if ((*flags & kCulpritFlags) != 0) verify.culprit_ = describe(*certificate);
  if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) verify.unknown_issuer_ = name_text(certificate->issuer);
  if (depth != 0) return 0;
  verify.peer_ = describe(*certificate);
  if (verify.host_is_address() && !verify.names_address(*certificate)) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  if ((*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0 && verify.is_added_itself(*certificate)) {
    *flags &= ~static_cast<uint32_t>(MBEDTLS_X509_BADCERT_NOT_TRUSTED);
  }
  return 0;
}

bool TlsVerify::names_address(const mbedtls_x509_crt& certificate) const {
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    if ((name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != MBEDTLS_X509_SAN_IP_ADDRESS) continue;
    if (name->buf.len == address_bytes_ && memcmp(name->buf.p, address_, address_bytes_) == 0) return true;
  }
  return false;
}

bool TlsVerify::is_added_itself(const mbedtls_x509_crt& certificate) const {
  Wanted wanted{.certificate = bytes_of(certificate.raw)};
  roots_.find(bytes_of(certificate.subject_raw), compare, &wanted);
  return wanted.found;
}

}  // namespace sleipnir
