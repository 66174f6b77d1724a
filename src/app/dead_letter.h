// DeadLetter: what the sender would have to drop, put into a bucket as pushes that `sleipnir replay` sends later.
//
//   take(push) -> one buffer of gzip members -> one object at a time: PUT, signed -> dead_lettered | dropped
//
// Owned by the sender's surroundings, sender thread; exists only where LOKI_DEAD_LETTER_S3_URI is set. What is taken
// while an object is under way goes with the next one, as long as there is room; nobody ever waits here. An object's
// name is its own for good: whose it is, when it was closed, and a number.
//
//   <prefix>/<function>/2026/11/21/<instance>-1795230000123-1.json.gz
#pragma once

#include <array>
#include <string>

#include "app/aws_call.h"
#include "base/fixed_text.h"
#include "base/log.h"
#include "base/mapped_memory.h"
#include "base/random.h"
#include "batch/counters.h"
#include "loki/compressor.h"

namespace sleipnir {

class DeadLetter {
 public:
  // `buffer`: holds what waits and what is under way. All outlive it. REQUIRES: config.dead_letter.
  DeadLetter(Kernel& kernel, const Config& config, RandomSource& random, Counters& counters, MappedMemory buffer);

  // Takes a push, of which so many records are counted: as dead-lettered once they are in the bucket, or as dropped.
  // False: there is no room for it. `instance`: of the environment they are from, if that is known.
  [[nodiscard]] bool take(std::string_view push, GzipCompressor& gzip, std::string_view instance, DropReason reason,
                          uint64_t records);
  // There was no room, and will be none before the object under way is put.
  bool full() const { return full_; }
  bool empty() const { return filled_ == 0; }
  // Neither in the bucket nor dropped.
  uint64_t records() const;

  void step(Instant now);
  MonotonicTime next_deadline() const;
  void on_thaw(Instant now) { call_.on_thaw(now); }
  // The time is over: what is not in the bucket is dropped.
  void give_up(Instant now);

 private:
  using Records = std::array<uint64_t, kDropReasons>;
  static constexpr size_t kInstanceBytesMax = 128;

  void close_object(Instant now);
  void settle(AwsCall::Event event, Instant now);
  void lose(const char* why, Instant now);
  void take_off();

  const Config& config_;
  RandomSource& random_;
  Counters& counters_;
  MappedMemory buffer_;
  AwsCall call_;

  size_t filled_ = 0;
  size_t object_bytes_ = 0;  // of them, those of the object under way; 0: none is
  Records waiting_{};
  Records in_object_{};
  bool full_ = false;

  FixedText<kInstanceBytesMax> instance_;
  unsigned objects_ = 0;
  // Valid while an object is under way.
  BorrowedText path_;
  TextStore path_texts_;
  int attempts_ = 0;
  WallTime asked_at_{};
  MonotonicTime next_attempt_ = MonotonicTime::min();

  LogGate lost_gate_;
};

}  // namespace sleipnir
