// Lambda: the platform's half of the sandbox: the runtime API, the Telemetry API with its buffer, and the freezer's
// view of when the extension is done.
//
// The Telemetry API: events are buffered for 25 ms or until there are 1,000 of them, posted one body at a time in
// order, and posted again, byte for byte, until a 200 has come. It does what the real one may do as well: a body twice,
// a POST that breaks off in the middle.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "book.h"
#include "fake/lambda.h"
#include "process.h"

namespace sleipnir::simulation {

struct LambdaSetting {
  unsigned repeat_percent = 0;     // of bodies, delivered again although they were answered
  unsigned break_off_percent = 0;  // of POSTs, broken off in the middle and made anew
};

class Lambda {
 public:
  Lambda(Machine& machine, Book& book, Findings& findings, const LambdaSetting& setting)
      : machine_(machine),
        book_(book),
        findings_(findings),
        setting_(setting),
        api_(machine.network.serve("169.254.100.1", 9001)) {}

  void begin_life();
  // What was posted and not answered when the process ended may have been taken or not.
  void end_life();

  void invoke(std::string_view request_id, int64_t deadline_ms) { api_.invoke(request_id, deadline_ms); }
  void shut_down(std::string_view reason, int64_t deadline_ms) { api_.shut_down(reason, deadline_ms); }

  // ---- telemetry ----

  // A line of the function's: `json`: as a JSON object, at this level. Padded to so many bytes at least.
  struct Line {
    size_t bytes = 0;
    bool json = false;
    const char* level = "INFO";
  };
  void write_line(const Line& line);
  // `fields`: of the record, behind the request id, each beginning with a comma.
  void write_event(std::string_view type, std::string_view request_id, std::string_view fields);
  // An event that is not shipped.
  void write_filtered_event();

  bool act();
  MonotonicTime next_event() const;

  // Whether /next is out, and since when.
  bool next_pending() const { return api_.next_pending(); }
  MonotonicTime next_asked_at() const { return next_asked_at_; }
  size_t nexts() const { return api_.count("/event/next"); }

  // The invocation whose runtimeDone is of interest; when the body with it was first posted; called then.
  void await_runtime_done(std::string_view request_id) {
    awaited_ = request_id;
    done_posted_.reset();
  }
  std::optional<Instant> runtime_done_posted() const { return done_posted_; }
  void on_runtime_done_posted(std::function<void()> look) { on_done_posted_ = std::move(look); }

  // Everything that was written has been handed over.
  bool all_posted() const { return waiting_.empty() && !under_way_ && repeats_.empty(); }
  // Events in bodies that were answered with 200, repeats included; of this life.
  struct Counts {
    uint64_t accepted = 0;
    uint64_t duplicate = 0;
    uint64_t filtered = 0;
  };
  const Counts& counts() const { return counts_; }
  // Events in a body that was posted and whose answer has not come: it may have been taken, or some of it.
  uint64_t unanswered() const { return under_way_ && under_way_->posted ? under_way_->events.size() : 0; }

 private:
  struct Event {
    std::string text;
    uint32_t number = 0;
    bool filtered = false;
    std::string done_id;  // of a runtimeDone
  };
  struct Body {
    std::string text;
    std::vector<Event> events;
    bool repeat = false;
    bool posted = false;  // whole, once at least
  };

  void put(Event event);
  bool post_next();
  void fill_body();
  bool on_answer();

  Machine& machine_;
  Book& book_;
  Findings& findings_;
  const LambdaSetting setting_;
  test::ScriptedLambda api_;
  MonotonicTime next_asked_at_{};
  bool next_was_pending_ = false;

  std::deque<Event> waiting_;
  size_t waiting_bytes_ = 0;
  MonotonicTime due_ = kNever;
  // The body whose turn it is; sent_: its answer is awaited.
  std::optional<Body> under_way_;
  bool sent_ = false;
  std::deque<Body> repeats_;
  test::Peer poster_;
  std::string answer_;
  MonotonicTime retry_at_ = kNever;
  std::string awaited_;
  std::optional<Instant> done_posted_;
  std::function<void()> on_done_posted_;
  Counts counts_;
};

}  // namespace sleipnir::simulation
