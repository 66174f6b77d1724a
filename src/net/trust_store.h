// TrustStore: the root certificates, looked up by name instead of parsed.
//
// A system's bundle holds some 150 roots, of which a handshake needs one. Parsing them all costs milliseconds (at
// 7 % of a core: a hundred) and 0.7 MB. Here one pass over the text decodes just the beginning of each certificate,
// up to its subject, and keeps 8 bytes: a hash of the subject and where the certificate begins. A handshake asks for
// the issuer's name; only what has that name is decoded, and parsed by the caller.
//
// Files are read in pieces through a small window, not mapped: a mapped file in /tmp that the function truncates
// would end the process with SIGBUS, and the pages of a mapping would count as our memory. The index notices by
// itself when a file has changed since, for what it finds is compared again; it is then made anew, once.
//
// Names are compared byte for byte, as RFC 5280 (4.1.2.4) asks issuers to write them and as Go does. What cannot be
// read in a bundle (other PEM blocks, garbage, a certificate cut short) is skipped and never stops anything.
//
// Owned by TlsContext; the sender's thread. Needs 24 KiB of stack, nothing from the heap but the path's text.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/der.h"

namespace sleipnir {

// Where systems keep their bundle, in the order tried. Source: Go's crypto/x509 list; Amazon Linux is the second.
inline constexpr const char* kSystemBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, distroless
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Amazon Linux 2 and 2023: the Lambda runtimes
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/pki/tls/cacert.pem",                            //
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL family
    "/etc/ssl/cert.pem",                                  // Alpine, BSD
};

class TrustStore {
 public:
  // Three times a system's bundle. What comes beyond it is not found; beyond() counts it.
  static constexpr size_t kRootsMax = 512;
  // A bundle is looked at up to here: 20 times the usual one.
  static constexpr size_t kBundleBytesMax = 4U << 20;

  // `system_bundles` lives as long as the store; null pointers are skipped.
  explicit TrustStore(std::span<const char* const> system_bundles = kSystemBundles) : bundles_(system_bundles) {}
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  // Adds the certificates of a file, or of a PEM text, to the system's. Reads the source and indexes it. The error
  // names the file and what is wrong with it: not readable, no certificate in it. At most one of each.
  Status add_file(std::string_view path);
  Status add_text(std::string_view pem);

  // Gets one certificate as DER, valid during the call. False: no more, please.
  using Take = bool (*)(void* context, Bytes certificate);

  // Hands every root whose subject is exactly `subject` (raw DER) to `take`. The first call indexes the system's
  // bundle. Returns how many there were.
  size_t find(Bytes subject, Take take, void* context);

  // Forgets the index of the system's bundle; the next find() makes it anew.
  void forget_system() { system_indexed_ = false; }

  // The system's bundle in use, nullptr when none was found. Indexes it if that has not been done.
  const char* system_bundle();
  size_t roots() const { return count_; }
  size_t beyond() const { return beyond_; }

 private:
  enum class Source : uint8_t { kFile, kText, kSystem };
  static constexpr unsigned kOffsetBits = 30;
  static_assert(kBundleBytesMax < (1U << kOffsetBits));

  struct Entry {
    uint32_t subject_hash;
    uint32_t place;  // source in the upper two bits, offset of the BEGIN marker in the others
  };

  // What one pass found.
  struct Pass {
    size_t good = 0;
    size_t unreadable = 0;
    int os_error = 0;
  };

  Pass index_source(Source source);
  void index_system();
  // Forgets the entries of one source.
  void drop(Source source);
  size_t find_indexed(Bytes subject, Take take, void* context, bool& changed);
  Status judge(const char* what, const Pass& pass, Source source);

  std::span<const char* const> bundles_;
  std::string file_;                     // empty: none added
  std::string text_;                     // empty: none added
  const char* system_bundle_ = nullptr;  // one of bundles_, valid when system_indexed_
  bool system_indexed_ = false;
  size_t count_ = 0;
  size_t beyond_ = 0;
  std::array<Entry, kRootsMax> entries_;  // the first count_ are valid
};

}  // namespace sleipnir
