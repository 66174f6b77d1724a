// InvocationSampler: LOKI_SAMPLE. Which invocations are shipped: all that failed, and a share of the others.
//
// Place in the flow: the intake asks it for each record and tells it each platform event; there is none where all are
// shipped. Owned by the intake, loop thread. Pure; holds no record itself.
//
// A share is drawn by the request id: those are shipped as they come. The records of any other invocation are held
// until its outcome is known, which is one of
//   ship  a record of level error or above; a runtimeDone or report that is no success; none of either when the next
//         invocation begins, or when nobody can hold any longer (memory, the function's deadline, the shutdown)
//   drop  a runtimeDone or report that is a success
// What belongs to no request is shipped, and so is every record of level error, however late. On Managed Instances
// requests interleave and nothing is held: there the share and the records of level error are shipped.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/fixed_text.h"
#include "batch/record.h"
#include "lambda/telemetry_decoder.h"

namespace sleipnir {

enum class Fate : uint8_t { kHold, kShip, kDrop };

class InvocationSampler {
 public:
  static constexpr uint32_t kAll = 1'000'000;

  // `share`: of kAll.
  InvocationSampler(uint32_t share, bool managed_instances) : share_(share), managed_instances_(managed_instances) {}

  // `held`: what is to become, first, of all that is held.
  struct Verdict {
    Fate record;
    Fate held;
  };
  Verdict judge(const Record& record);
  // What is to become of all that is held, now that the event's own record was judged.
  Fate on_platform_event(const Decoded& event);
  // Nobody can hold any longer: the invocation under way is shipped, and what is held with it.
  void give_up() { settle(Fate::kShip); }

 private:
  struct Invocation {
    FixedText<kRequestIdBytesMax> request_id;
    Fate fate = Fate::kShip;
  };

  bool in_share(std::string_view request_id) const;
  Invocation* find(std::string_view request_id);
  Fate begin(std::string_view request_id);
  Fate settle(Fate fate);

  const uint32_t share_;
  const bool managed_instances_;
  // The last ones; at newest_ the one under way, the only one that may be kHold. Late records find theirs here.
  std::array<Invocation, 4> known_;
  size_t newest_ = 0;
};

}  // namespace sleipnir
