// Link: one TCP connection of the fake network, as a pair of pipes. Used by FakeKernel on one side and Peer on the
// other.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sleipnir::test {

// One direction. Bytes become visible to the reader when their time has come, in the order in which they were written.
struct Pipe {
  struct Segment {
    MonotonicTime visible_at;
    std::string bytes;
  };
  std::deque<Segment> segments;
  // The writer has ended its side: visible behind the last segment.
  bool finished = false;
  MonotonicTime finish_visible_at{};
  // The connection was torn down: behind what is there already, the reader gets an error.
  int error = 0;
  // What the reader's side takes before the writer has to wait.
  size_t window = SIZE_MAX;

  size_t held_bytes() const {
    size_t bytes = 0;
    for (const Segment& segment : segments) bytes += segment.bytes.size();
    return bytes;
  }
  size_t free_window() const {
    const size_t held = held_bytes();
    return held >= window ? 0 : window - held;
  }
  bool has_bytes(MonotonicTime now) const { return !segments.empty() && segments.front().visible_at <= now; }
  bool at_end(MonotonicTime now) const { return segments.empty() && finished && finish_visible_at <= now; }
  bool broken() const { return segments.empty() && error != 0; }

  void put(std::string_view bytes, MonotonicTime visible_at) {
    // Nothing overtakes what was written before it.
    if (!segments.empty() && segments.back().visible_at > visible_at) visible_at = segments.back().visible_at;
    segments.push_back({visible_at, std::string(bytes)});
  }
  // Up to `bytes_max` of what is visible.
  std::string take(size_t bytes_max, MonotonicTime now) {
    std::string taken;
    while (has_bytes(now) && taken.size() < bytes_max) {
      std::string& front = segments.front().bytes;
      const size_t part = std::min(front.size(), bytes_max - taken.size());
      taken.append(front, 0, part);
      front.erase(0, part);
      if (front.empty()) segments.pop_front();
    }
    return taken;
  }
};

struct Link {
  enum class State : uint8_t {
    kConnecting,  // connected at `connected_at`
    kPending,     // nobody answers: connecting for ever
    kRefused,     // told at `connected_at`
    kConnected,
  };
  State state = State::kConnected;
  MonotonicTime connected_at{};
  int refused_with = 0;
  Nanoseconds delay{0};  // of each direction, beside the network's own

  Pipe to_object;  // to whatever is under test
  Pipe to_peer;    // to the test

  bool object_closed = false;  // its kernel's handle was closed
  bool peer_closed = false;    // close(): not only finished, gone
};

}  // namespace sleipnir::test
