// ScriptedLoki: a Loki of a few lines on the fake network: keeps what is pushed and answers as it is told.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "fake/http.h"
#include "fake/network.h"

namespace sleipnir::test {

struct LokiReply {
  enum class Kind : uint8_t {
    kAnswer,
    kSilence,  // takes the push and says nothing
    kClose,    // takes the push and closes without a word
    kReset,    // takes the push and tears the connection down
  };
  Kind kind = Kind::kAnswer;
  int status = 204;
  std::string body = {};
  std::string headers = {};  // whole lines
};

struct ReceivedPush {
  HttpRequest request;
  std::string text;  // ungzipped
  Peer peer;
  int answered_with = 0;  // 0: not answered
};

class ScriptedLoki {
 public:
  explicit ScriptedLoki(FakeServer& at) : server(at) {}

  // Reads what has come and answers it; true if there was anything. For Driver::act().
  bool act();

  // One reply for each push; then `judge`, if there is one; then 204.
  std::deque<LokiReply> replies;
  std::function<LokiReply(const ReceivedPush&)> judge;
  std::vector<ReceivedPush> pushes;

  // The lines of all pushes that were answered with 204, in order, repeats included.
  std::vector<std::string> lines() const;
  // Answers a push left in silence before.
  void answer(size_t push, LokiReply reply = {});

  FakeServer& server;

 private:
  struct Connection {
    Peer peer;
    HttpReader reader;
  };
  void reply_to(ReceivedPush& push, const LokiReply& reply);
  std::vector<Connection> connections_;
};

// The lines of a push body, in order; ends the process if it is not one.
std::vector<std::string> lines_of_push(std::string_view text);

}  // namespace sleipnir::test
