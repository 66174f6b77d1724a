#include "lambda.h"

#include <algorithm>

namespace sleipnir::simulation {

namespace {

constexpr uint16_t kPort = 4327;
constexpr Milliseconds kBuffered{25};
constexpr Milliseconds kRetryAfter{50};
constexpr size_t kEventsMax = 1000;
constexpr size_t kBytesMax = 262144;
// LOKI_MAX_LINE_SIZE, where a scenario sets it.
constexpr size_t kPartBytes = 2048;
constexpr std::string_view kAccepted = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

}  // namespace

void Lambda::begin_life() {
  counts_ = Counts{};
  poster_ = test::Peer();
  answer_.clear();
  api_.events.clear();
  next_was_pending_ = false;
  if (!waiting_.empty()) due_ = machine_.clock.monotonic() + kBuffered;
}

void Lambda::end_life() {
  if (under_way_ && under_way_->posted && !under_way_->repeat) {
    for (const Event& event : under_way_->events) book_.taken(event.number, Taken::kMaybe);
  }
  under_way_.reset();
  sent_ = false;
  // Remembered by nobody any more.
  repeats_.clear();
  retry_at_ = kNever;
  done_posted_.reset();
}

// ---- events ----

void Lambda::put(Event event) {
  if (waiting_.empty()) due_ = machine_.clock.monotonic() + kBuffered;
  waiting_bytes_ += event.text.size();
  waiting_.push_back(std::move(event));
}

void Lambda::write_line(const Line& line) {
  const int64_t now_ms = unix_ms(machine_.clock.wall());
  const uint32_t number = book_.next_number();
  // Long lines repeat their number, so that every part of them carries it, the last one too.
  std::string inside = Book::token(number);
  std::string text;
  for (;;) {
    text = line.json ? R"({"level":")" + std::string(line.level) + R"(","message":")" + inside + "\"}"
                     : std::string(line.level) + " \\ \"" + inside + "\" \xc3\xa4";
    const bool too_short_a_tail = text.size() > kPartBytes && text.size() % kPartBytes < 100;
    if (text.size() >= line.bytes && !too_short_a_tail) break;
    inside += " and " + Book::token(number);
  }
  std::string record = text;
  if (!line.json) {
    record = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') record += '\\';
      record += c;
    }
    record += "\\n\"";
  }
  put({.text = test::telemetry_event("function", record, now_ms), .number = number, .done_id = {}});
  book_.write(std::move(text), now_ms, true);
}

void Lambda::write_event(std::string_view type, std::string_view request_id, std::string_view fields) {
  const int64_t now_ms = unix_ms(machine_.clock.wall());
  const uint32_t number = book_.next_number();
  std::string inside = R"("requestId":")" + std::string(request_id) + R"(","marker":")" + Book::token(number) + "\"";
  inside.append(fields);
  put({.text = test::telemetry_event(type, "{" + inside + "}", now_ms),
       .number = number,
       .done_id = std::string(type == "platform.runtimeDone" ? request_id : "")});
  book_.write(R"({"type":")" + std::string(type) + "\"," + inside + "}", now_ms, true);
}

void Lambda::write_filtered_event() {
  const int64_t now_ms = unix_ms(machine_.clock.wall());
  const uint32_t number = book_.next_number();
  put({.text = test::telemetry_event(
           "platform.telemetrySubscription",
           R"({"name":"sleipnir","state":"Subscribed","types":["platform"],"marker":")" + Book::token(number) + "\"}",
           now_ms),
       .number = number,
       .filtered = true,
       .done_id = {}});
  book_.write("", now_ms, false);
}

// ---- delivery ----

bool Lambda::act() {
  bool busy = api_.act();
  if (api_.next_pending() && !next_was_pending_) {
    next_asked_at_ = machine_.clock.monotonic();
    findings_.note("/next");
  }
  next_was_pending_ = api_.next_pending();
  if (sent_) return on_answer() || busy;
  return post_next() || busy;
}

MonotonicTime Lambda::next_event() const {
  if (sent_) return kNever;
  if (under_way_) return std::max(retry_at_, machine_.clock.monotonic() + Nanoseconds(1));
  return waiting_.empty() ? kNever : due_;
}

bool Lambda::post_next() {
  const MonotonicTime now = machine_.clock.monotonic();
  if (!under_way_) {
    if (!repeats_.empty()) {
      under_way_ = std::move(repeats_.front());
      repeats_.pop_front();
    } else if (!waiting_.empty() && (now >= due_ || waiting_.size() >= kEventsMax || waiting_bytes_ >= kBytesMax)) {
      fill_body();
    } else {
      return false;
    }
    retry_at_ = now;
  }
  if (now < retry_at_) return false;
  if (!poster_.valid() || poster_.finished_by_object()) poster_ = machine_.network.connect(kPort);
  const std::string head = "POST / HTTP/1.1\r\nHost: sandbox.localdomain:4327\r\nContent-Length: " +
                           std::to_string(under_way_->text.size()) + "\r\n\r\n";
  if (!poster_.valid()) {
    retry_at_ = now + kRetryAfter;
    return false;
  }
  if (machine_.random.chance(setting_.break_off_percent)) {
    findings_.note("a POST of %zu events breaks off", under_way_->events.size());
    poster_.send(
        (head + under_way_->text).substr(0, 1 + machine_.random.below(head.size() + under_way_->text.size() - 1)));
    poster_.reset();
    poster_ = test::Peer();
    retry_at_ = now + kRetryAfter;
    return true;
  }
  poster_.send(head + under_way_->text);
  answer_.clear();
  sent_ = true;
  under_way_->posted = true;
  bool done = false;
  for (const Event& event : under_way_->events) {
    if (!under_way_->repeat) book_.taken(event.number, Taken::kMaybe);
    done = done || event.done_id == awaited_;
  }
  findings_.note("POST of %zu events%s%s", under_way_->events.size(), under_way_->repeat ? ", again" : "",
                 done ? ", runtimeDone among them" : "");
  if (done && !done_posted_) {
    done_posted_ = machine_.clock.now();
    if (on_done_posted_) on_done_posted_();
  }
  return true;
}

void Lambda::fill_body() {
  under_way_ = Body{};
  std::string& text = under_way_->text;
  while (!waiting_.empty() && under_way_->events.size() < kEventsMax && text.size() < kBytesMax) {
    Event& event = waiting_.front();
    text.append(text.empty() ? "[" : ",").append(event.text);
    waiting_bytes_ -= event.text.size();
    event.text.clear();
    under_way_->events.push_back(std::move(event));
    waiting_.pop_front();
  }
  text += "]";
  // What is left has waited long enough too.
  due_ = machine_.clock.monotonic();
}

bool Lambda::on_answer() {
  const std::string got = poster_.take();
  answer_ += got;
  if (answer_.size() >= kAccepted.size() || answer_ != kAccepted.substr(0, answer_.size())) {
    sent_ = false;
    if (answer_ != kAccepted) {
      findings_.fail("a POST was answered with %s", answer_.substr(0, answer_.find('\r')).c_str());
      return true;
    }
    const Body body = *std::exchange(under_way_, std::nullopt);
    counts_.accepted += body.events.size();
    if (body.repeat) {
      counts_.duplicate += body.events.size();
      return true;
    }
    for (const Event& event : body.events) {
      book_.taken(event.number, Taken::kYes);
      if (event.filtered) counts_.filtered++;
    }
    if (machine_.random.chance(setting_.repeat_percent)) {
      repeats_.push_back(body);
      repeats_.back().repeat = true;
      repeats_.back().posted = false;
    }
    return true;
  }
  if (poster_.finished_by_object()) {
    sent_ = false;
    retry_at_ = machine_.clock.monotonic() + kRetryAfter;
    return true;
  }
  return !got.empty();
}

}  // namespace sleipnir::simulation
