#include "bucket.h"

#include <algorithm>

#include "base/json_scan.h"

namespace sleipnir::simulation {

void Bucket::begin_life() {
  connections_.clear();
  stored_ = 0;
  static constexpr unsigned kTroubles[] = {0, 0, 30, 100};
  trouble_percent_ = kTroubles[machine_.random.below(4)];
  late_by_up_to_ = Milliseconds(machine_.random.chance(50) ? 0 : machine_.random.below(3000));
  server_.mode = machine_.random.chance(10) ? test::FakeServer::Mode::kPending : test::FakeServer::Mode::kAccept;
  findings_.note("the bucket refuses %u of 100, late by up to %lld ms", trouble_percent_,
                 static_cast<long long>(late_by_up_to_.count()));
}

bool Bucket::act() {
  bool busy = false;
  for (test::Peer peer = server_.accept(); peer.valid(); peer = server_.accept()) {
    connections_.push_back({.peer = peer, .reader = {}});
    busy = true;
  }
  for (Connection& connection : connections_) busy = read(connection) || busy;
  std::erase_if(connections_, [](const Connection& one) { return one.peer.closed_by_object(); });
  return busy;
}

MonotonicTime Bucket::next_event() const {
  MonotonicTime next = kNever;
  const Instant now = machine_.clock.now();
  for (const Connection& connection : connections_) {
    if (connection.status == 0) continue;
    next = std::min(next, now.monotonic + std::max(connection.answer_at - now.wall, Nanoseconds(0)));
  }
  return next;
}

bool Bucket::read(Connection& connection) {
  if (connection.status != 0) {
    if (connection.answer_at > machine_.clock.wall() || connection.peer.closed_by_object()) return false;
    connection.peer.send(test::http_answer(std::exchange(connection.status, 0), ""));
    return true;
  }
  const std::string bytes = connection.peer.take();
  connection.reader.feed(bytes);
  const std::optional<test::HttpRequest> request = connection.reader.next();
  if (request) take(connection, *request);
  return request || !bytes.empty();
}

void Bucket::take(Connection& connection, const test::HttpRequest& request) {
  if (machine_.random.chance(trouble_percent_)) {
    static constexpr int kStatuses[] = {403, 404, 500, 503, 0};
    const int status = kStatuses[machine_.random.below(5)];
    findings_.note("bucket: %d", status);
    if (status == 0) return connection.peer.reset();
    return connection.peer.send(test::http_answer(status, ""));
  }
  const std::string name = request.target();
  // An object that is put again is the same one.
  const bool again = std::find(names_.begin(), names_.end(), name) != names_.end();
  if (!again) names_.push_back(name);
  const std::string object = test::gunzip_all(request.body);
  uint64_t records = 0;
  for (std::string_view rest = object; !rest.empty();) {
    const TokenEnd end = json_value_end(rest, 0);
    if (!end.complete) {
      findings_.fail("an object that is no pushes: %.*s", static_cast<int>(std::min<size_t>(rest.size(), 200)),
                     rest.data());
      return;
    }
    records += loki_.store_text(rest.substr(0, end.at));
    rest.remove_prefix(end.at);
  }
  stored_ += records;
  const auto late = Milliseconds(machine_.random.below(static_cast<uint64_t>(late_by_up_to_.count()) + 1));
  findings_.note("bucket: 200 for %llu records, in %lld ms%s", static_cast<unsigned long long>(records),
                 static_cast<long long>(late.count()), again ? ", again" : "");
  connection.status = 200;
  connection.answer_at = machine_.clock.wall() + late;
}

}  // namespace sleipnir::simulation
