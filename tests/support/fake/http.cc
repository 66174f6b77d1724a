#include "fake/http.h"

#include <libdeflate.h>

#include <strings.h>
#include <cstdlib>
#include <cstring>

#include "fake/network.h"

namespace sleipnir::test {

std::string HttpRequest::header(std::string_view name) const {
  size_t at = head.find("\r\n");
  while (at != std::string::npos) {
    const size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string line = head.substr(begin, at == std::string::npos ? at : at - begin);
    const size_t colon = line.find(':');
    if (colon != name.size() || strncasecmp(line.data(), name.data(), colon) != 0) continue;
    const size_t value = line.find_first_not_of(' ', colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::string HttpRequest::target() const {
  return head.substr(0, head.find(" HTTP/1.1"));
}

std::string HttpRequest::text() const {
  return header("Content-Encoding") == "gzip" ? gunzip(body) : body;
}

std::optional<HttpRequest> HttpReader::next(Peer& peer) {
  feed(peer.take());
  return next();
}

std::optional<HttpRequest> HttpReader::next() {
  const size_t end = bytes_.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  HttpRequest request{.head = bytes_.substr(0, end), .body = {}};
  const size_t body_bytes = std::strtoul(request.header("Content-Length").c_str(), nullptr, 10);
  if (bytes_.size() < end + 4 + body_bytes) return {};
  request.body = bytes_.substr(end + 4, body_bytes);
  bytes_.erase(0, end + 4 + body_bytes);
  return request;
}

std::string http_answer(int status, std::string_view body, std::string_view extra_headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " x\r\n" + std::string(extra_headers);
  if (status != 204) answer += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  answer += "\r\n";
  return answer.append(body);
}

std::string gunzip(std::string_view bytes) {
  // Kept: tests unzip pushes by the thousand.
  static libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  uint32_t size = 0;  // the last field of a gzip file
  if (bytes.size() < sizeof(size)) fake_failed("not gzip");
  memcpy(&size, bytes.data() + bytes.size() - sizeof(size), sizeof(size));
  if (size > (64U << 20)) fake_failed("not gzip");
  std::string out(size, '\0');
  size_t made = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress(decompressor, bytes.data(), bytes.size(), out.data(), out.size(), &made);
  if (result != LIBDEFLATE_SUCCESS || made != size) fake_failed("not gzip");
  return out;
}

std::string gunzip_all(std::string_view bytes) {
  static libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  std::string out;
  std::string member(1 << 20, '\0');
  while (!bytes.empty()) {
    size_t read = 0;
    size_t made = 0;
    const libdeflate_result result = libdeflate_gzip_decompress_ex(decompressor, bytes.data(), bytes.size(),
                                                                   member.data(), member.size(), &read, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE && member.size() < (64U << 20)) {
      member.resize(member.size() * 4);
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) fake_failed("not gzip");
    out.append(member, 0, made);
    bytes.remove_prefix(read);
  }
  return out;
}

}  // namespace sleipnir::test
