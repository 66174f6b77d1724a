// The counts behind the ledger, in records as Lambda delivered them.
//
//   received + restored
//     = sent + pending + spooled + filtered + sampled_out + duplicate + dead_lettered + dropped{reason}
//
// Each counter has one writer (named below), grows only, and is read relaxed from anywhere: a ledger line is exact
// when both threads are at rest, which is when it is written last.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace sleipnir {

enum class DropReason : uint8_t {
  kRejected,             // Loki refused the record for good
  kRejectedUnconfirmed,  // Loki refused some of a push and its answer does not tell exactly how many
  kTooLarge,             // one record alone is larger than Loki takes
  kOverflow,             // memory full, and no spool to move it to
  kShutdown,             // not delivered when the environment ended
  kMalformed,            // not readable as telemetry
};
inline constexpr size_t kDropReasons = 6;

// As it stands in the ledger and in log lines.
std::string_view drop_reason_name(DropReason reason);

class Count {
 public:
  void add(uint64_t more) { value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct Counters {
  // ---- written by the loop ----
  Count received;
  Count filtered;
  Count sampled_out;  // LOKI_SAMPLE
  Count duplicate;
  Count malformed;              // of `received`; the ledger's dropped{malformed}
  Count lost_upstream_records;  // platform.logsDropped: Lambda's own loss, beside the equation
  Count lost_upstream_bytes;
  Count refused_bodies;  // POSTs answered with 4xx or broken off; Lambda has not counted on them either

  // ---- written by the sender ----
  Count restored;
  Count sent;
  Count spooled;
  Count dead_lettered;                      // LOKI_DEAD_LETTER_S3_URI: in the bucket
  std::array<Count, kDropReasons> dropped;  // all but kMalformed
  Count pushes;
  Count push_failures;
  Count throttled;  // pushes answered with 429

  // What neither side has settled yet, by the equation.
  uint64_t pending() const;
  uint64_t dropped_total() const;
};

}  // namespace sleipnir
