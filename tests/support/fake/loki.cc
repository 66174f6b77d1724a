#include "fake/loki.h"

#include <yyjson.h>

namespace sleipnir::test {

bool ScriptedLoki::act() {
  bool busy = false;
  for (Peer peer = server.accept(); peer.valid(); peer = server.accept()) {
    connections_.push_back({peer, {}});
    busy = true;
  }
  for (Connection& connection : connections_) {
    while (std::optional<HttpRequest> request = connection.reader.next(connection.peer)) {
      busy = true;
      ReceivedPush push{.request = *request, .text = request->text(), .peer = connection.peer};
      LokiReply reply;
      if (!replies.empty()) {
        reply = replies.front();
        replies.pop_front();
      } else if (judge) {
        reply = judge(push);
      }
      pushes.push_back(push);
      reply_to(pushes.back(), reply);
    }
  }
  return busy;
}

void ScriptedLoki::answer(size_t push, LokiReply reply) {
  reply_to(pushes.at(push), reply);
}

void ScriptedLoki::reply_to(ReceivedPush& push, const LokiReply& reply) {
  if (push.peer.closed_by_object()) return;
  switch (reply.kind) {
    case LokiReply::Kind::kAnswer:
      push.answered_with = reply.status;
      push.peer.send(http_answer(reply.status, reply.body, reply.headers));
      break;
    case LokiReply::Kind::kSilence: break;
    case LokiReply::Kind::kClose: push.peer.close(); break;
    case LokiReply::Kind::kReset: push.peer.reset(); break;
  }
}

std::vector<std::string> ScriptedLoki::lines() const {
  std::vector<std::string> all;
  for (const ReceivedPush& push : pushes) {
    if (push.answered_with != 204) continue;
    for (std::string& line : lines_of_push(push.text)) all.push_back(std::move(line));
  }
  return all;
}

std::vector<std::string> lines_of_push(std::string_view text) {
  yyjson_doc* const document = yyjson_read(text.data(), text.size(), YYJSON_READ_NOFLAG);
  if (document == nullptr) fake_failed("a push that is no JSON: %.*s", static_cast<int>(text.size()), text.data());
  yyjson_val* const streams = yyjson_obj_get(yyjson_doc_get_root(document), "streams");
  yyjson_val* const values = yyjson_obj_get(yyjson_arr_get(streams, 0), "values");
  if (yyjson_arr_size(streams) != 1 || yyjson_arr_size(values) == 0) fake_failed("a push without its one stream");
  std::vector<std::string> lines;
  yyjson_arr_iter iter = yyjson_arr_iter_with(values);
  while (yyjson_val* const entry = yyjson_arr_iter_next(&iter)) {
    yyjson_val* const line = yyjson_arr_get(entry, 1);
    lines.emplace_back(yyjson_get_str(line), yyjson_get_len(line));
  }
  yyjson_doc_free(document);
  return lines;
}

}  // namespace sleipnir::test
