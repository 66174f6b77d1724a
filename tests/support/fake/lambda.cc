#include "fake/lambda.h"

#include <algorithm>
#include <ctime>

namespace sleipnir::test {

bool ScriptedLambda::act() {
  bool busy = false;
  for (Peer peer = server.accept(); peer.valid(); peer = server.accept()) {
    connections_.push_back({peer, {}});
    busy = true;
  }
  for (Connection& connection : connections_) {
    while (std::optional<HttpRequest> request = connection.reader.next(connection.peer)) {
      requests.push_back(*request);
      reply_to(*request, connection.peer);
      busy = true;
    }
  }
  if (next_.valid() && next_.closed_by_object()) next_ = Peer();
  if (next_.valid() && !events.empty()) {
    next_.send(http_answer(200, events.front()));
    events.pop_front();
    next_ = Peer();
    busy = true;
  }
  return busy;
}

void ScriptedLambda::reply_to(const HttpRequest& request, Peer& peer) {
  const auto answer_from = [&peer](std::deque<std::string>& answers) {
    peer.send(answers.front());
    if (answers.size() > 1) answers.pop_front();
  };
  const std::string target = request.target();
  if (target == "POST /2020-01-01/extension/register") {
    answer_from(register_answers);
  } else if (target == "PUT /2022-07-01/telemetry") {
    answer_from(subscribe_answers);
  } else if (target == "GET /2020-01-01/extension/event/next") {
    if (!next_refusal.empty()) return peer.send(next_refusal);
    if (next_.valid()) fake_failed("/next asked twice");
    next_ = peer;
  } else if (target == "POST /2020-01-01/extension/init/error") {
    peer.send(http_answer(202, R"({"status":"OK"})"));
  } else {
    fake_failed("the runtime API knows no %s", target.c_str());
  }
}

void ScriptedLambda::invoke(std::string_view request_id, int64_t deadline_ms) {
  events.push_back(R"({"eventType":"INVOKE","deadlineMs":)" + std::to_string(deadline_ms) + R"(,"requestId":")" +
                   std::string(request_id) +
                   R"(","invokedFunctionArn":"arn","tracing":{"type":"X-Amzn-Trace-Id","value":""}})");
}

void ScriptedLambda::shut_down(std::string_view reason, int64_t deadline_ms) {
  events.push_back(R"({"eventType":"SHUTDOWN","shutdownReason":")" + std::string(reason) + R"(","deadlineMs":)" +
                   std::to_string(deadline_ms) + "}");
}

size_t ScriptedLambda::count(std::string_view path_end) const {
  return static_cast<size_t>(std::count_if(requests.begin(), requests.end(), [path_end](const HttpRequest& request) {
    return request.target().ends_with(path_end);
  }));
}

std::string ScriptedLambda::subscription() const {
  for (auto at = requests.rbegin(); at != requests.rend(); ++at) {
    if (at->target() == "PUT /2022-07-01/telemetry") return at->body;
  }
  return "";
}

std::string telemetry_event(std::string_view type, std::string_view record, int64_t unix_ms) {
  const time_t seconds = unix_ms / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char time[64];
  const size_t bytes = strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(time + bytes, sizeof(time) - bytes, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return R"({"time":")" + std::string(time) + R"(","type":")" + std::string(type) + R"(","record":)" +
         std::string(record) + "}";
}

}  // namespace sleipnir::test
