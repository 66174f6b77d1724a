#include "loki.h"

#include <yyjson.h>

#include <cstring>

namespace sleipnir::simulation {

namespace {

std::string_view text_of(yyjson_val* value) {
  return {yyjson_get_str(value), yyjson_get_len(value)};
}

uint32_t number_of(yyjson_val* metadata, const char* key) {
  yyjson_val* const value = yyjson_obj_get(metadata, key);
  return value == nullptr ? 0 : static_cast<uint32_t>(strtoul(yyjson_get_str(value), nullptr, 10));
}

uint64_t count_of(yyjson_val* object, const char* key) {
  return yyjson_get_uint(yyjson_obj_get(object, key));
}

}  // namespace

void Loki::set_weather(const Weather& weather) {
  weather_ = weather;
  server_.mode = weather.connects;
  findings_.note("Loki's weather: %s", weather.name);
}

void Loki::begin_life() {
  acknowledged_ = 0;
  stored_ = 0;
  connections_.clear();
}

void Loki::on_freeze() {
  for (Connection& connection : connections_) {
    if (connection.peer.closed_by_object()) continue;
    switch (machine_.random.below(5)) {
      case 0:
        connection.peer.close();
        connection.deaf = true;
        break;
      case 1:
        connection.peer.reset();
        connection.deaf = true;
        break;
      // Forgotten by something in between: nothing comes back any more.
      case 2:
        if (machine_.random.below(4) == 0) connection.deaf = true;
        break;
      default: break;
    }
  }
}

Loki::Fate Loki::draw() {
  uint64_t drawn = machine_.random.below(100);
  const std::pair<unsigned, Fate> table[] = {
      {weather_.unavailable, Fate::kUnavailable},
      {weather_.overloaded, Fate::kOverloaded},
      {weather_.told_to_wait, Fate::kToldToWait},
      {weather_.silent, Fate::kSilent},
      {weather_.closed, Fate::kClosed},
      {weather_.cut_in_body, Fate::kCutInBody},
      {weather_.reset, Fate::kReset},
      {weather_.cut_in_answer, Fate::kCutInAnswer},
      {weather_.garbage, Fate::kGarbage},
      {weather_.slow, Fate::kSlow},
  };
  for (const auto& [percent, fate] : table) {
    if (drawn < percent) return fate;
    drawn -= percent;
  }
  return Fate::kStored;
}

bool Loki::act() {
  bool busy = false;
  for (test::Peer peer = server_.accept(); peer.valid(); peer = server_.accept()) {
    // Narrow now and then in any case, so that writes are cut.
    if (weather_.narrow || weather_.cut_in_body != 0) peer.set_window(64 + machine_.random.below(2000));
    connections_.push_back({.peer = peer, .reader = {}, .answer = {}});
    busy = true;
  }
  for (Connection& connection : connections_) busy = read(connection) || busy;
  std::erase_if(connections_, [](const Connection& one) { return one.peer.closed_by_object(); });
  if (weather_.round_trip.count() != 0) {
    server_.delay = Milliseconds(machine_.random.below(static_cast<uint64_t>(weather_.round_trip.count()) / 2 + 1));
  } else {
    server_.delay = {};
  }
  return busy;
}

MonotonicTime Loki::next_event() const {
  MonotonicTime next = kNever;
  const Instant now = machine_.clock.now();
  for (const Connection& connection : connections_) {
    if (!connection.answer_due || connection.deaf) continue;
    next = std::min(next, now.monotonic + std::max(connection.answer_at - now.wall, Nanoseconds(0)));
  }
  return next;
}

bool Loki::read(Connection& connection) {
  bool busy = false;
  if (connection.unread != 0 && connection.peer.all_read()) {
    acknowledged_ += connection.unread;
    connection.unread = 0;
  }
  if (connection.deaf) return false;
  if (connection.answer_due) {
    if (connection.answer_at > machine_.clock.wall() || connection.peer.closed_by_object()) return false;
    connection.answer_due = false;
    connection.peer.send(connection.answer);
    connection.unread = connection.answer_records;
    busy = true;
  }
  const std::string bytes = connection.peer.take();
  connection.reader.feed(bytes);
  busy = busy || !bytes.empty();
  if (!connection.fate_drawn && !connection.reader.empty()) {
    connection.fate = draw();
    connection.fate_drawn = true;
  }
  std::optional<test::HttpRequest> request = connection.reader.next();
  if (!request) {
    if (connection.fate_drawn && connection.fate == Fate::kCutInBody && connection.reader.in_body()) {
      findings_.note("Loki: reset in the middle of a body");
      connection.peer.reset();
      connection.deaf = true;
    }
    return busy;
  }
  connection.fate_drawn = false;
  requests_++;
  take(connection, *request);
  return true;
}

bool Loki::refuse(Connection& connection, const test::HttpRequest& request) {
  if (setting_.body_bytes_max == 0 && setting_.poisoned_one_in == 0) return false;
  const std::string text = request.text();
  if (setting_.body_bytes_max != 0 && text.size() > setting_.body_bytes_max) {
    findings_.note("Loki: 413 for %zu bytes", text.size());
    connection.peer.send(test::http_answer(413, "request body too large"));
    return true;
  }
  if (setting_.poisoned_one_in == 0 ||
      !Book::any_number(text, [this](size_t number) { return number % setting_.poisoned_one_in == 1; })) {
    return false;
  }
  findings_.note("Loki: 400, somebody is poisoned");
  connection.peer.send(test::http_answer(400, "loghttp.PushRequest.Streams: could not be parsed"));
  return true;
}

void Loki::take(Connection& connection, const test::HttpRequest& request) {
  using test::http_answer;
  if (refuse(connection, request)) return;
  const auto put_off = [&](int status, const std::string& headers) {
    findings_.note("Loki: %d %s", status, headers.substr(0, headers.find('\r')).c_str());
    connection.peer.send(http_answer(status, "not now", headers));
  };
  switch (connection.fate) {
    case Fate::kStored: {
      connection.unread = store(request);
      findings_.note("Loki: 204 for %llu records", static_cast<unsigned long long>(connection.unread));
      connection.peer.send(http_answer(204));
      break;
    }
    case Fate::kSlow: {
      connection.answer_records = store(request);
      const auto wait = Milliseconds(machine_.random.below(static_cast<uint64_t>(weather_.slow_up_to.count()) + 1));
      findings_.note("Loki: 204 for %llu records, in %lld ms",
                     static_cast<unsigned long long>(connection.answer_records), static_cast<long long>(wait.count()));
      connection.answer = http_answer(204);
      connection.answer_due = true;
      connection.answer_at = machine_.clock.wall() + wait;
      break;
    }
    case Fate::kUnavailable: put_off(500 + static_cast<int>(machine_.random.below(4)), ""); break;
    case Fate::kOverloaded: put_off(429, ""); break;
    case Fate::kToldToWait: put_off(429, "Retry-After: " + std::to_string(machine_.random.below(20)) + "\r\n"); break;
    case Fate::kSilent:
      if (coin()) store(request);
      findings_.note("Loki: silent");
      connection.deaf = true;
      break;
    case Fate::kClosed:
      if (coin()) store(request);
      findings_.note("Loki: closed without a word");
      connection.peer.close();
      connection.deaf = true;
      break;
    case Fate::kCutInBody:  // it came in one piece
    case Fate::kReset:
      if (connection.fate == Fate::kReset && coin()) store(request);
      findings_.note("Loki: reset behind the body");
      connection.peer.reset();
      connection.deaf = true;
      break;
    case Fate::kCutInAnswer:
      store(request);
      findings_.note("Loki: reset in the middle of the answer");
      connection.peer.send(std::string("HTTP/1.1 204 No Content\r\n").substr(0, 1 + machine_.random.below(24)));
      connection.peer.reset();
      connection.deaf = true;
      break;
    case Fate::kGarbage:
      findings_.note("Loki: garbage");
      connection.peer.send("220 mail.example.com ESMTP\r\n\r\n");
      break;
  }
}

uint64_t Loki::store(const test::HttpRequest& request) {
  const uint64_t records = store_text(request.text());
  stored_ += records;
  return records;
}

uint64_t Loki::store_text(std::string_view text) {
  yyjson_doc* const document = yyjson_read(text.data(), text.size(), YYJSON_READ_NOFLAG);
  yyjson_val* const streams = yyjson_obj_get(yyjson_doc_get_root(document), "streams");
  yyjson_val* const values = yyjson_obj_get(yyjson_arr_get(streams, 0), "values");
  if (yyjson_arr_size(streams) != 1 || yyjson_arr_size(values) == 0) {
    findings_.fail("a push that Loki cannot read: %.*s", static_cast<int>(std::min<size_t>(text.size(), 200)),
                   text.data());
    yyjson_doc_free(document);
    return 0;
  }
  uint64_t records = 0;
  yyjson_arr_iter iter = yyjson_arr_iter_with(values);
  while (yyjson_val* const entry = yyjson_arr_iter_next(&iter)) {
    const std::string_view line = text_of(yyjson_arr_get(entry, 1));
    if (line.starts_with(R"({"sleipnir":"ledger")")) {
      store_own_line(line);
      continue;
    }
    yyjson_val* const metadata = yyjson_arr_get(entry, 2);
    // With LOKI_REQUEST_ID_AS=label it belongs to what tells an entry from another one, too.
    std::string written(text_of(yyjson_obj_get(yyjson_obj_get(yyjson_arr_get(streams, 0), "stream"), "request_id")));
    if (metadata != nullptr) {
      yyjson_obj_iter fields = yyjson_obj_iter_with(metadata);
      while (yyjson_val* const key = yyjson_obj_iter_next(&fields)) {
        written.append(text_of(key)).append("=").append(text_of(yyjson_obj_iter_get_val(key))).append(" ");
      }
    }
    const uint32_t part = number_of(metadata, "part");
    if (book_.stored(text_of(yyjson_arr_get(entry, 0)), line, written, part, number_of(metadata, "parts"))) records++;
  }
  yyjson_doc_free(document);
  return records;
}

// A ledger line has to add up by itself.
void Loki::store_own_line(std::string_view line) {
  findings_.note("ledger: %.*s", static_cast<int>(line.size()), line.data());
  yyjson_doc* const document = yyjson_read(line.data(), line.size(), YYJSON_READ_NOFLAG);
  yyjson_val* const root = yyjson_doc_get_root(document);
  uint64_t right = count_of(root, "sent") + count_of(root, "pending") + count_of(root, "spooled") +
                   count_of(root, "filtered") + count_of(root, "sampled_out") + count_of(root, "duplicate") +
                   count_of(root, "dead_lettered");
  yyjson_obj_iter reasons = yyjson_obj_iter_with(yyjson_obj_get(root, "dropped"));
  while (yyjson_val* const key = yyjson_obj_iter_next(&reasons)) {
    right += yyjson_get_uint(yyjson_obj_iter_get_val(key));
  }
  if (root == nullptr || count_of(root, "received") + count_of(root, "restored") != right) {
    findings_.fail("a ledger line that does not add up: %.*s", static_cast<int>(line.size()), line.data());
  }
  yyjson_doc_free(document);
}

}  // namespace sleipnir::simulation
