// Timestamps: gives every record a nanosecond of its own within the millisecond in which it happened.
//
// Loki keeps the order of equal times loosely and swallows an entry that repeats another's time, line and metadata.
// So the nanoseconds below the event's millisecond count the arrivals within it. A record that comes late keeps its
// own millisecond and goes on with that millisecond's counter, which is remembered in a table of fixed size.
//
// A slot of the table belongs to every 512th millisecond and holds the newest one seen; a newer one evicts it. A late
// record whose millisecond was evicted, and a record beyond the 900,000th of one millisecond, take their nanoseconds
// from a counter of latecomers instead: 900,000 to 999,999, shared by all milliseconds, so two such records differ
// still. Only 100,000 latecomers apart can two of the same millisecond get the same time; then an equal line with equal
// metadata would be swallowed.
//
// Owned by the batcher; loop thread. Allocates nothing.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace sleipnir {

class Timestamps {
 public:
  // Nanoseconds since the epoch for the next record that happened at `event`. What `event` has below a millisecond is
  // ignored; times before 1970, and those in the last millisecond an int64_t can hold, are clamped.
  int64_t stamp(WallTime event);

  static constexpr int64_t kSlotCount = 512;         // milliseconds remembered; guess, not tuned: 8 KiB
  static constexpr uint32_t kOwnCountMax = 900'000;  // arrivals a millisecond counts by itself

 private:
  static constexpr uint32_t kLateCountMax = 1'000'000 - kOwnCountMax;

  struct Slot {
    int64_t unix_ms = -1;  // -1: never used
    uint32_t next = 0;     // the counter's next value
  };

  uint32_t next_late();

  Slot slots_[kSlotCount];
  uint32_t late_ = 0;
};

}  // namespace sleipnir
