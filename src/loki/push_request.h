// PushRequestHead: the head of the HTTP request that a push is, made once and completed for each push.
//
// The sender writes it into its own buffer and the body behind it. Everything but the body's length and encoding is
// the same for every push. New credentials (a rotated secret) mean a new head. Owned by the push client; sender thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/name_value.h"

namespace sleipnir {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

struct PushTarget {
  std::string_view path;             // "/loki/api/v1/push", query included if there is one
  std::string_view host;             // as the Host header has it, with the port where it is not the scheme's own
  std::string_view version;          // Sleipnir's own, for User-Agent
  std::string_view tenant_id;        // X-Scope-OrgID; empty: none
  std::string_view authorization;    // the header's whole value, "Bearer ..."; empty: none
  std::span<const NameValue> extra;  // from the configuration; one of them replaces ours of the same name
};

enum class ContentEncoding : uint8_t { kIdentity, kGzip };

// Headers that the program must set itself or that would break the exchange (lengths, encodings, connection handling):
// the configuration refuses them, the head leaves them out.
[[nodiscard]] bool is_reserved_header(std::string_view name);

// A name of RFC 9110 token characters, a value without control characters but tab. What is not one is left out of the
// head: nothing can break out of its line.
[[nodiscard]] bool is_valid_header(const HeaderField& field);

class PushRequestHead {
 public:
  explicit PushRequestHead(const PushTarget& target);

  // Writes the head, its closing empty line included. Returns its bytes, 0 when it does not fit into `out`.
  [[nodiscard]] size_t write(std::span<char> out, size_t body_bytes, ContentEncoding encoding) const;

  // The longest that write() can give.
  size_t bytes_max() const { return fixed_.size() + kVariableBytesMax; }

 private:
  // "Content-Encoding: gzip", "Content-Length: " and 20 digits, three line ends.
  static constexpr size_t kVariableBytesMax = 24 + 16 + 20 + 2 + 2;

  std::string fixed_;
};

}  // namespace sleipnir
