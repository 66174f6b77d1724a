// TelemetryHandler: what is done with one telemetry POST: scan, decode, filter, mask, store; and tell the lifecycle.
//
// Place in the flow: Server (a whole body) -> TelemetryHandler -> RecordSink (the batcher). Owned by the loop, loop
// thread. A body that was delivered before (Lambda did not see our 200) is recognised by its hash and only counted.
// When the sink has no room, the handler stays where it is in the body and goes on at the next call.
#pragma once

#include <array>

#include "batch/counters.h"
#include "http/server.h"
#include "lambda/record_rules.h"
#include "lambda/telemetry_decoder.h"
#include "lambda/telemetry_scanner.h"

namespace sleipnir {

// Where records go. Unless kWhole there is no room now, and the same record comes again.
struct RecordSink {
  enum class Put : uint8_t { kWhole, kInPart, kNothing };
  void* owner = nullptr;
  Put (*put)(void* owner, const Record& record) = nullptr;
};

// Who wants to know what the platform said, in telemetry order, while the body is being read.
class PlatformListener {
 public:
  // `arrived_at`: when its body was whole; storing it may have had to wait for room since.
  virtual void on_platform_event(const Decoded& event, Instant arrived_at) = 0;
  // A body is stored to its end; what its events have asked for can be done now.
  virtual void on_body_stored(Instant now) = 0;

 protected:
  ~PlatformListener() = default;
};

class TelemetryHandler final : public PostHandler {
 public:
  // `rules`: null where there are none.
  TelemetryHandler(TelemetryDecoder& decoder, RecordSink sink, PlatformListener& listener, Counters& counters,
                   RecordRules* rules = nullptr)
      : decoder_(decoder), sink_(sink), listener_(listener), counters_(counters), rules_(rules) {}

  Handled on_post(std::string_view body, Instant now) override;
  void on_refused(int status) override;

 private:
  struct Remembered {
    uint64_t hash = 0;
    uint64_t records = 0;
  };

  bool is_duplicate(uint64_t hash);
  bool store();

  TelemetryDecoder& decoder_;
  const RecordSink sink_;
  PlatformListener& listener_;
  Counters& counters_;
  RecordRules* const rules_;

  std::array<Remembered, kRememberedBodies> remembered_;
  size_t remembered_next_ = 0;

  // Valid while a body is under way.
  bool under_way_ = false;
  Instant arrived_at_;
  uint64_t hash_ = 0;
  uint64_t records_ = 0;
  TelemetryScanner scanner_{std::string_view()};
  // The element last decoded still has to be stored.
  bool unstored_ = false;
  // It is counted: some of it is stored.
  bool counted_ = false;
  Decoded decoded_;
};

}  // namespace sleipnir
