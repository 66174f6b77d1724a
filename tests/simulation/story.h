// Story: one seed from its beginning to its end: lives of the extension, invocations in them, freezes between them, and
// whatever the scenario lets go wrong; and what must hold at every moment and in the end.
#pragma once

#include <memory>
#include <optional>

#include "book.h"
#include "bucket.h"
#include "lambda.h"
#include "loki.h"
#include "process.h"
#include "scenario.h"

namespace sleipnir::simulation {

struct Outcome {
  std::string failure;  // empty: every promise was kept
  uint64_t hash = 0;
  uint64_t records = 0;
  uint64_t delivered = 0;
  uint64_t dropped = 0;
  uint64_t repeats = 0;
  uint64_t in_part = 0;  // of those delivered: long lines of which a part was dropped
  uint64_t steps = 0;
};

class Story {
 public:
  Story(uint64_t seed, Findings::Print print);
  Outcome run();

 private:
  enum class End : uint8_t { kSpindown, kTimeout, kFailure };

  // ---- a life (story.cc) ----
  void live(bool last);
  void begin_life(bool last);
  void plan_trouble(bool last);
  void end_life();
  void recover();
  int64_t waiting() const;
  bool ledger_spans_lives() const;
  void judge();

  // ---- an invocation (story_invocation.cc) ----
  void invoke(bool times_out);
  void write_lines();
  void check_hold(std::string_view request_id);
  void freeze(Milliseconds gap);
  void maybe_change_weather();

  // ---- the end of a life (story_shutdown.cc) ----
  void shut_down(End end);
  void check_ledger();

  bool over() const { return findings_.failed() || process_->dead(); }
  Milliseconds up_to(Milliseconds most) {
    return Milliseconds(random().below(static_cast<uint64_t>(most.count()) + 1));
  }
  test::SeededRandom& random() { return machine_.random; }
  int64_t now_ms() const { return unix_ms(machine_.clock.wall()); }

  Machine machine_;
  Findings findings_;
  Book book_;
  const Scenario scenario_;
  const Config config_;
  Lambda lambda_;
  Loki loki_;
  Bucket bucket_;
  std::unique_ptr<Process> process_;
  Outcome outcome_;

  uint64_t invocations_ = 0;
  // Nothing goes wrong any more.
  bool healed_ = false;
  // When the body with runtimeDone was posted: the probe before which nobody need wait for Loki, 0 for none; and
  // whether this life has had a flush that somebody waited for.
  int64_t probe_when_done_ = 0;
  bool flushed_before_ = false;

  // Over all lives.
  uint64_t dropped_ = 0;
  int64_t on_disk_ = 0;  // spooled less restored
  uint64_t spooled_ = 0;
  uint64_t killed_with_ = 0;
  bool disk_trouble_ = false;
  bool spindown_ = false;  // at the end of the last life
  bool any_kill_ = false;
};

}  // namespace sleipnir::simulation
