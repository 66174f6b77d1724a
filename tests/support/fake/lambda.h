// ScriptedLambda: the runtime API of a few lines on the fake network: answers register and subscribe as it is told, and
// keeps /next waiting until there is an event.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "fake/http.h"
#include "fake/network.h"

namespace sleipnir::test {

class ScriptedLambda {
 public:
  explicit ScriptedLambda(FakeServer& at) : server(at) {}

  // Reads what has come and answers it; true if there was anything. For Driver::act().
  bool act();

  // Whole answers. The last one of each stays.
  std::deque<std::string> register_answers = {
      http_answer(200, R"({"functionName":"orders","functionVersion":"7","accountId":"111122223333"})",
                  "Lambda-Extension-Identifier: id-1\r\n")};
  std::deque<std::string> subscribe_answers = {http_answer(200, "\"OK\"")};
  std::string next_refusal;  // if set: the answer to every /next
  std::deque<std::string> events;

  void invoke(std::string_view request_id, int64_t deadline_ms);
  void shut_down(std::string_view reason, int64_t deadline_ms);

  // What was asked, in order: "POST /2020-01-01/extension/register", ...
  std::vector<HttpRequest> requests;
  size_t count(std::string_view path_end) const;
  // /next is out and unanswered: as far as Lambda is concerned the environment may be frozen.
  bool next_pending() const { return next_.valid(); }
  // The body of the last subscription.
  std::string subscription() const;

  FakeServer& server;

 private:
  struct Connection {
    Peer peer;
    HttpReader reader;
  };
  void reply_to(const HttpRequest& request, Peer& peer);
  std::vector<Connection> connections_;
  Peer next_;
};

// A telemetry event as Lambda writes it.
std::string telemetry_event(std::string_view type, std::string_view record, int64_t unix_ms);

}  // namespace sleipnir::test
