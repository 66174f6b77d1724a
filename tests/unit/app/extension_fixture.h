// The extension's loop on the fake network: a scripted Lambda on one side, and a stand-in for the sender's thread,
// which takes what is in the queue and calls it delivered, or says nothing.
#pragma once

#include <string>
#include <vector>

#include "app/extension.h"
#include "fake/driver.h"
#include "fake/lambda.h"
#include "support/environment.h"

namespace sleipnir::test {

class ExtensionFixture final : public ExtensionHost {
 public:
  static constexpr uint16_t kPort = 4327;

  explicit ExtensionFixture(std::vector<std::string> environment = {}) {
    environment.push_back("AWS_LAMBDA_RUNTIME_API=169.254.100.1:9001");
    config = load_with(std::move(environment));
    make();
  }
  // Without an endpoint.
  struct Bare {};
  ExtensionFixture(Bare, std::vector<std::string> environment) {
    environment.push_back("AWS_LAMBDA_RUNTIME_API=169.254.100.1:9001");
    config = TestEnvironment(std::move(environment)).load();
    make();
  }

  void start() {
    if (!extension->start(clock.now())) fake_failed("it did not start");
    driver.settle();
  }
  int64_t now_ms() const { return unix_ms(clock.wall()); }
  void invoke(std::string_view id, Milliseconds timeout = std::chrono::seconds(60)) {
    lambda.invoke(id, now_ms() + timeout.count());
    driver.settle();
  }
  void shut_down(std::string_view reason = "spindown", Milliseconds time = std::chrono::seconds(2)) {
    lambda.shut_down(reason, now_ms() + time.count());
    driver.settle();
  }
  // Posts a telemetry body of these events on the kept connection; true if it was answered with 200.
  bool post(const std::vector<std::string>& events) {
    if (!poster.valid()) poster = network.connect(kPort);
    if (!poster.valid()) fake_failed("nobody listens");
    std::string body = "[";
    for (const std::string& event : events) body += (body.size() > 1 ? "," : "") + event;
    body += "]";
    poster.send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    driver.settle();
    return answered();
  }
  bool answered() { return poster.take() == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"; }

  std::string line(std::string_view text) {
    return telemetry_event("function", "\"" + std::string(text) + "\"", now_ms());
  }
  std::string done(std::string_view id, std::string_view status = "success") {
    return telemetry_event("platform.runtimeDone",
                           R"({"requestId":")" + std::string(id) + R"(","status":")" + std::string(status) + "\"}",
                           now_ms());
  }
  std::string report(std::string_view id) {
    return telemetry_event("platform.report", R"({"requestId":")" + std::string(id) + R"(","status":"success"})",
                           now_ms());
  }

  // The sender's stand-in. True if there was a message.
  bool send() {
    bool busy = false;
    if (senders_started == 0) return busy;
    for (SenderMessage message; !holding && handoff.queue.take(message); busy = true) {
      messages.push_back(message.kind);
      switch (message.kind) {
        case SenderMessage::Kind::kBatch: waiting.push_back(message.batch); break;
        case SenderMessage::Kind::kFlush: last_flush = message.flush; break;
        case SenderMessage::Kind::kMakeRoom: room_wanted_by = message.flush.deadline; break;
        case SenderMessage::Kind::kShutdown: shutdown_deadline = message.flush.deadline; break;
        default: break;
      }
    }
    if (!delivering) return busy;
    for (Batch* batch : waiting) {
      busy = true;
      handoff.counters.sent.add(batch->record_count());
      for (uint32_t i = 0; i < batch->entry_count(); i++) entries.emplace_back(batch->entry(i));
      pool->give_back(batch);
      kernel.wake();
    }
    waiting.clear();
    if (last_flush.id > handoff.flush_settled.load()) {
      handoff.flush_settled.store(last_flush.id);
      kernel.wake();
    }
    if (shutdown_deadline && !handoff.finished.load()) {
      handoff.finished.store(true);
      shutdown_deadline.reset();
      kernel.wake();
    }
    return busy;
  }
  // The oldest batch is out of the way, however.
  void give_back_one() {
    handoff.counters.sent.add(waiting.front()->record_count());
    pool->give_back(waiting.front());
    waiting.erase(waiting.begin());
    kernel.wake();
  }
  size_t count(SenderMessage::Kind kind) const {
    return static_cast<size_t>(std::count(messages.begin(), messages.end(), kind));
  }
  bool delivered(std::string_view text) const {
    return std::any_of(entries.begin(), entries.end(),
                       [text](const std::string& entry) { return entry.find(text) != std::string::npos; });
  }

  void start_sender(const SenderSetup& setup) override {
    senders_started++;
    next_was_written = lambda.count("/next") != 0 || next_on_the_wire();
    pool = &setup.pool;
    push_prefix = setup.push_prefix;
  }
  void wake_sender() override { sender_wakes++; }

  FakeClock clock;
  FakeNetwork network{clock, 1};
  FakeKernel kernel{network};
  SeededRandom random{1};
  ScriptedLambda lambda{network.serve("169.254.100.1", 9001)};
  Handoff handoff;
  Config config;
  std::unique_ptr<Extension> extension;
  Driver driver{network};
  Peer poster;

  bool delivering = true;  // false: Loki says nothing
  bool holding = false;    // true: the sender does not even read its queue
  int senders_started = 0;
  int sender_wakes = 0;
  bool next_was_written = false;
  BatchPool* pool = nullptr;
  std::string push_prefix;
  std::vector<SenderMessage::Kind> messages;
  std::vector<Batch*> waiting;
  std::vector<std::string> entries;
  FlushRequest last_flush;
  MonotonicTime room_wanted_by{};
  std::optional<MonotonicTime> shutdown_deadline;

 private:
  void make() {
    set_log_level(LogLevel::kError);
    extension = std::make_unique<Extension>(config, "sleipnir", kernel, random, handoff, *this);
    driver.add(kernel, [this](Instant now, std::span<const Ready> ready) {
      return extension->exit_code() ? kNever : extension->step(now, ready);
    });
    driver.act([this] { return lambda.act(); });
    driver.act([this] { return send(); });
  }
  bool next_on_the_wire() const {
    for (const Peer& peer : lambda.server.peers()) {
      if (peer.peek().find("/event/next") != std::string::npos) return true;
    }
    return false;
  }
};

}  // namespace sleipnir::test
