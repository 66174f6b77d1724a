// A Sender on the fake network, a scripted Loki in front of it, and this test in the place of the loop.
#pragma once

#include <string>
#include <vector>

#include "app/dead_letter.h"
#include "app/sender.h"
#include "fake/driver.h"
#include "fake/file_system.h"
#include "fake/loki.h"
#include "fake/resolver.h"
#include "fake/streams.h"
#include "loki/entry_writer.h"
#include "loki/labels.h"
#include "net/endpoint.h"

namespace sleipnir::test {

struct SenderSetting {
  BorrowedText host = "10.0.0.1";
  uint64_t seed = 1;
  size_t batches = 8;
  size_t arena_bytes = 1 << 20;
  SenderOptions options = {};
  uint64_t spool_bytes_max = 0;         // no spool
  const Config* dead_letter = nullptr;  // null: there is none; borrowed
};

struct SenderFixture {
  static constexpr uint16_t kPort = 3100;
  static constexpr std::string_view kPrefix = R"({"streams":[{"stream":{"source":"lambda"},"values":[)";

  static inline const size_t kHeadroom = kPrefix.size() + request_id_label_bytes_max(kRequestIdBytesMax);

  explicit SenderFixture(const SenderSetting& setting = {})
      : network(clock, setting.seed),
        random(setting.seed),
        pool(std::move(
            BatchPool::create(setting.batches, {.arena_bytes = setting.arena_bytes, .headroom = kHeadroom}).value())),
        spool(files, random, {.directory = "/tmp/sleipnir", .bytes_max = setting.spool_bytes_max}, kPrefix),
        upstream(Endpoint{.tls = false, .host = setting.host, .port = kPort}, resolver,
                 setting.options.connect_timeout),
        letter(setting.dead_letter == nullptr
                   ? nullptr
                   : std::make_unique<DeadLetter>(kernel, *setting.dead_letter, random, handoff.counters,
                                                  std::move(MappedMemory::create(kCompressedBytesMax).value()))),
        sender({.kernel = kernel,
                .loop = loop,
                .streams = streams,
                .upstream = upstream,
                .random = random,
                .pool = *pool,
                .spool = spool,
                .handoff = handoff,
                .head = head,
                .push_prefix = kPrefix,
                .dead_letter = letter.get()},
               setting.options, std::move(MappedMemory::create(kCompressedBytesMax).value())) {
    set_log_level(LogLevel::kError);
    driver.add(kernel, [this](Instant now, std::span<const Ready> ready) { return sender.step(now, ready); });
    driver.act([this] { return loki.act(); });
  }

  // A batch of these lines, one record each, in the sender's queue.
  Batch* batch(const std::vector<std::string>& lines) {
    Batch* made = pool->take();
    if (made == nullptr) fake_failed("the pool is empty");
    for (const std::string& line : lines) {
      const Record record{.time = clock.wall(), .text = line, .request_id = "id", .instance = instance};
      EncodeCursor cursor;
      EntryShape shape;
      if (writer.write(record, next_time_ns++, cursor, made->room(), shape) != EncodeStep::kLast)
        fake_failed("no room");
      made->commit(shape, true, record);
    }
    made->sequence = ++sequence;
    handoff.counters.received.add(lines.size());
    put({.kind = SenderMessage::Kind::kBatch, .batch = made});
    return made;
  }
  void put(const SenderMessage& message) {
    if (!producer.put(message)) fake_failed("the queue is full");
    kernel.wake();
  }
  // Everything so far, with `budget` from now. Returns its id.
  uint64_t flush(Nanoseconds budget, int attempts_max = 3) {
    put({.kind = SenderMessage::Kind::kFlush,
         .flush = {.id = ++flush_id,
                   .through_sequence = sequence,
                   .deadline = clock.monotonic() + budget,
                   .attempts_max = attempts_max}});
    return flush_id;
  }
  void want_room(Nanoseconds patience) {
    put({.kind = SenderMessage::Kind::kMakeRoom, .flush = {.deadline = clock.monotonic() + patience}});
  }
  void shut_down(Nanoseconds budget, bool restart_comes = false) {
    put({.kind = SenderMessage::Kind::kShutdown,
         .flush = {.deadline = clock.monotonic() + budget},
         .restart_comes = restart_comes});
  }
  bool settled() const { return handoff.flush_settled.load() >= flush_id; }
  // Runs until the last flush is settled; how long that took. `limit` if it was not.
  Milliseconds time_to_settle(Nanoseconds limit = std::chrono::seconds(60)) {
    const MonotonicTime begin = clock.monotonic();
    driver.run_until([this] { return settled(); }, limit);
    return std::chrono::duration_cast<Milliseconds>(clock.monotonic() - begin);
  }
  bool breaker_open() const { return handoff.probe_at_ms.load() != 0; }
  uint64_t dropped(DropReason reason) const { return handoff.counters.dropped[static_cast<size_t>(reason)].get(); }
  uint64_t sent() const { return handoff.counters.sent.get(); }
  // Nothing is counted twice and nothing is forgotten.
  bool balanced() const { return handoff.counters.pending() == sender.records_in_hand(); }

  FakeClock clock;
  FakeNetwork network;
  FakeKernel kernel{network};
  FakeKernel loop{network};
  SeededRandom random;
  FakeStreams streams{kernel};
  FakeResolver resolver{kernel};
  ScriptedLoki loki{network.serve("10.0.0.1", kPort)};
  Handoff handoff;
  MessageQueue::Producer producer{handoff.queue};
  std::unique_ptr<BatchPool> pool;
  FakeDisk disk;
  FakeFileSystem files{disk};
  Spool spool;
  Upstream upstream;
  PushRequestHead head{{.path = "/loki/api/v1/push",
                        .host = "10.0.0.1:3100",
                        .version = "1",
                        .tenant_id = {},
                        .authorization = {},
                        .extra = {}}};
  std::unique_ptr<DeadLetter> letter;
  Sender sender;
  EntryWriter writer{{}};
  Driver driver{network};
  std::string_view instance;  // of the records
  uint64_t sequence = 0;
  uint64_t flush_id = 0;
  int64_t next_time_ns = 1'780'000'000'000'000'000;
};

inline LokiReply answer(int status, std::string body = "", std::string headers = "") {
  return {.status = status, .body = std::move(body), .headers = std::move(headers)};
}

inline std::vector<std::string> numbered(size_t count, std::string_view what = "line") {
  std::vector<std::string> lines;
  for (size_t i = 0; i < count; i++) lines.push_back(std::string(what) + " " + std::to_string(i));
  return lines;
}

}  // namespace sleipnir::test
