// Arbitrary PEM text into the trust store: nothing in it may stop the index, and what is indexed can be looked up.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "net/pem.h"
#include "net/trust_store.h"

namespace {

using sleipnir::Bytes;
using sleipnir::TrustStore;

constexpr const char* kNoBundles[] = {nullptr};

// A root that is given out must be of the name asked for, and whole.
struct Asked {
  Bytes subject;
};

bool take(void* context, Bytes certificate) {
  const Bytes subject = sleipnir::certificate_subject(certificate);
  const Bytes wanted = static_cast<Asked*>(context)->subject;
  if (subject.size() != wanted.size() || !std::equal(subject.begin(), subject.end(), wanted.begin())) abort();
  if (sleipnir::der_element_bytes(certificate) != certificate.size()) abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TrustStore store(kNoBundles);
  if (!store.add_text(text)) return 0;
  for (size_t at = 0; (at = sleipnir::find_pem_certificate(text, at)) != std::string_view::npos; at++) {
    std::vector<unsigned char> der(3072);
    der.resize(sleipnir::decode_base64(text.substr(at + sleipnir::kPemCertificate.size()), der));
    Asked asked{.subject = sleipnir::certificate_subject(der)};
    if (!asked.subject.empty()) store.find(asked.subject, take, &asked);
  }
  return 0;
}
