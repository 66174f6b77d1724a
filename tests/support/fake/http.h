// What a scripted HTTP peer needs: requests read off what it received, answers to send. Its own few lines of HTTP, so
// that a mistake in src/http cannot hide in both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fake/peer.h"

namespace sleipnir::test {

struct HttpRequest {
  std::string head;  // without the empty line
  std::string body;

  // Value of a header, "" where there is none. `name` as it is written, case ignored.
  std::string header(std::string_view name) const;
  // "POST /loki/api/v1/push"
  std::string target() const;
  // The body, ungzipped if it says so.
  std::string text() const;
};

// Takes whole requests (Content-Length or none) off the front of a connection's bytes, one at a time.
class HttpReader {
 public:
  // What the peer has received is appended and taken.
  std::optional<HttpRequest> next(Peer& peer);
  std::optional<HttpRequest> next();
  void feed(std::string_view bytes) { bytes_.append(bytes); }
  bool empty() const { return bytes_.empty(); }
  // A head has come, and not yet the whole of its body.
  bool in_body() const { return bytes_.find("\r\n\r\n") != std::string::npos; }

 private:
  std::string bytes_;
};

// "HTTP/1.1 503 x\r\nContent-Length: ...": extra headers as whole lines with their "\r\n".
std::string http_answer(int status, std::string_view body = "", std::string_view extra_headers = "");

std::string gunzip(std::string_view bytes);
// The same of several members one behind the other.
std::string gunzip_all(std::string_view bytes);

}  // namespace sleipnir::test
