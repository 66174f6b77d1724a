// Findings: what a run of one seed has to say: its trace, a hash of it, and the first promise that was broken.
//
// Every note goes into the hash, so two runs of one seed can be compared; it is printed only when somebody reads along.
#pragma once

#include <cstdint>
#include <string>

#include "fake/clock.h"

namespace sleipnir::simulation {

class Findings {
 public:
  enum class Print : bool { kNo, kYes };

  Findings(const test::FakeClock& clock, Print print) : clock_(clock), print_(print == Print::kYes) {}

  // One line of the trace, with the virtual time in front.
  [[gnu::format(printf, 2, 3)]] void note(const char* format, ...);
  // A number that two runs must agree on, too dull to be printed.
  void mix(uint64_t number);
  // A promise is broken. The first one counts: what follows may be its consequence.
  [[gnu::format(printf, 2, 3)]] void fail(const char* format, ...);

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  uint64_t hash() const { return hash_; }
  bool prints() const { return print_; }

 private:
  double seconds() const;

  const test::FakeClock& clock_;
  const bool print_;
  std::string failure_;
  uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace sleipnir::simulation
