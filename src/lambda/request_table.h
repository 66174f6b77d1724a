// RequestTable: what platform.start told about the last few requests, to be found again by request id.
//
// Function lines may arrive after the start of the next request, and on Managed Instances requests interleave.
// The last kSlots requests are known: a new one takes the place of the oldest. A request that is not found merely
// leaves its lines without trace and tenant. Owned by the decoder. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fixed_text.h"
#include "batch/record.h"

namespace sleipnir {

// Lambda's own limit; a longer one is no tenant id.
inline constexpr size_t kTenantIdBytesMax = 256;

class RequestTable {
 public:
  struct Request {
    FixedText<kRequestIdBytesMax> request_id;
    FixedText<32> trace_id;
    FixedText<kTenantIdBytesMax> tenant_id;
  };

  // The request's slot, made anew if it is not there. REQUIRES: 0 < request_id.size() <= kRequestIdBytesMax.
  Request& put(std::string_view request_id);

  // nullptr if not there.
  const Request* find(std::string_view request_id) const;

 private:
  // Guess, not tuned: 24 KiB; Managed Instances run up to 64 requests at a time per environment by default.
  static constexpr size_t kSlots = 64;

  // kSlots if it is not there.
  size_t index_of(std::string_view request_id) const;

  std::array<Request, kSlots> slots_;
  std::array<uint64_t, kSlots> hashes_{};
  size_t newest_ = 0;
};

}  // namespace sleipnir
