#include "net/der.h"

#include <cstdint>

namespace sleipnir {

namespace {

constexpr unsigned char kInteger = 0x02;
constexpr unsigned char kSequence = 0x30;
constexpr unsigned char kVersion = 0xa0;  // [0] EXPLICIT

struct Header {
  unsigned char tag = 0;
  size_t header_bytes = 0;  // 0: not valid
  size_t content_bytes = 0;
};

Header read_header(Bytes der) {
  if (der.size() < 2) return {};
  const unsigned char first = der[1];
  if (first < 0x80) return {.tag = der[0], .header_bytes = 2, .content_bytes = first};
  // Up to three length bytes: no certificate has 16 MiB. 0x80 (indefinite) is not DER.
  const size_t length_bytes = first & 0x7fU;
  if (length_bytes == 0 || length_bytes > 3 || der.size() < 2 + length_bytes) return {};
  size_t content_bytes = 0;
  for (size_t i = 0; i < length_bytes; i++) content_bytes = (content_bytes << 8) | der[2 + i];
  return {.tag = der[0], .header_bytes = 2 + length_bytes, .content_bytes = content_bytes};
}

// Goes into the element: `der` becomes what is there of its content.
bool enter(Bytes& der, unsigned char tag) {
  const Header header = read_header(der);
  if (header.header_bytes == 0 || header.tag != tag) return false;
  der = der.subspan(header.header_bytes);
  if (der.size() > header.content_bytes) der = der.first(header.content_bytes);
  return true;
}

// Steps over one whole element and gives it; empty when it is another one or not all there.
Bytes take(Bytes& der, unsigned char tag) {
  const Header header = read_header(der);
  if (header.header_bytes == 0 || header.tag != tag) return {};
  const size_t bytes = header.header_bytes + header.content_bytes;
  if (der.size() < bytes) return {};
  const Bytes element = der.first(bytes);
  der = der.subspan(bytes);
  return element;
}

}  // namespace

size_t der_element_bytes(Bytes der) {
  const Header header = read_header(der);
  return header.header_bytes == 0 ? 0 : header.header_bytes + header.content_bytes;
}

Bytes certificate_subject(Bytes certificate) {
  Bytes rest = certificate;
  if (!enter(rest, kSequence) || !enter(rest, kSequence)) return {};
  // Version 1 certificates, which some old roots are, have no version field.
  take(rest, kVersion);
  if (take(rest, kInteger).empty()) return {};   // serial number
  if (take(rest, kSequence).empty()) return {};  // signature algorithm, with parameters of any kind
  if (take(rest, kSequence).empty()) return {};  // issuer
  if (take(rest, kSequence).empty()) return {};  // validity
  return take(rest, kSequence);
}

}  // namespace sleipnir
