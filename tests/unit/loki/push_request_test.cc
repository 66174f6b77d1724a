#include "loki/push_request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace sleipnir {
namespace {

std::string head_of(const PushTarget& target, size_t body_bytes, ContentEncoding encoding) {
  const PushRequestHead head(target);
  std::string out(head.bytes_max(), '\0');
  out.resize(head.write(out, body_bytes, encoding));
  return out;
}

TEST_CASE("a_head_has_what_loki_needs_and_ends_with_an_empty_line") {
  const PushTarget target{.path = "/loki/api/v1/push",
                          .host = "loki.example:3100",
                          .version = "1.2.3",
                          .tenant_id = "tenant-a",
                          .authorization = "Bearer secret",
                          .extra = {}};
  CHECK(head_of(target, 1234, ContentEncoding::kGzip) ==
        "POST /loki/api/v1/push HTTP/1.1\r\nHost: loki.example:3100\r\nContent-Type: application/json\r\n"
        "User-Agent: sleipnir/1.2.3\r\nX-Scope-OrgID: tenant-a\r\nAuthorization: Bearer secret\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 1234\r\n\r\n");
}

TEST_CASE("what_is_not_configured_is_left_out") {
  const PushTarget target{.path = "/p", .host = "h", .version = "1", .tenant_id = "", .authorization = "", .extra = {}};
  CHECK(head_of(target, 0, ContentEncoding::kIdentity) ==
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nUser-Agent: sleipnir/1\r\n"
        "Content-Length: 0\r\n\r\n");
}

TEST_CASE("a_configured_header_replaces_ours_of_the_same_name") {
  const NameValue extra[] = {{"authorization", "Custom x"}, {"X-Extra", "1"}, {"USER-AGENT", "mine"}};
  const PushTarget target{
      .path = "/p", .host = "h", .version = "1", .tenant_id = "t", .authorization = "Bearer y", .extra = extra};
  CHECK(head_of(target, 7, ContentEncoding::kIdentity) ==
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nX-Scope-OrgID: t\r\n"
        "authorization: Custom x\r\nX-Extra: 1\r\nUSER-AGENT: mine\r\nContent-Length: 7\r\n\r\n");
}

TEST_CASE("headers_that_would_break_the_exchange_or_their_line_are_left_out") {
  const NameValue extra[] = {{"Content-Length", "5"},
                             {"Transfer-Encoding", "chunked"},
                             {"Host", "other"},
                             {"X-A", "a\r\nX-B: b"},
                             {"X A", "a"},
                             {"", "a"},
                             {"X-C", "\x7f"},
                             {"Authorization", "a\n"}};
  const PushTarget target{
      .path = "/p", .host = "h", .version = "1", .tenant_id = "", .authorization = "Bearer kept", .extra = extra};
  CHECK(head_of(target, 7, ContentEncoding::kIdentity) ==
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nUser-Agent: sleipnir/1\r\n"
        "Authorization: Bearer kept\r\nContent-Length: 7\r\n\r\n");
  CHECK(is_reserved_header("content-ENCODING"));
  CHECK_FALSE(is_reserved_header("X-Scope-OrgID"));
  CHECK(is_valid_header({"X-D", "tab\tand \xC3\xA9"}));
}

TEST_CASE("a_head_that_does_not_fit_gives_nothing") {
  const PushTarget target{.path = "/p", .host = "h", .version = "1", .tenant_id = "", .authorization = "", .extra = {}};
  const PushRequestHead head(target);
  const size_t bytes = head_of(target, SIZE_MAX, ContentEncoding::kGzip).size();
  CHECK(bytes == head.bytes_max());
  std::vector<char> exact(bytes);
  CHECK(head.write(exact, SIZE_MAX, ContentEncoding::kGzip) == bytes);
  std::vector<char> small(bytes - 1);
  CHECK(head.write(small, SIZE_MAX, ContentEncoding::kGzip) == 0);
}

}  // namespace
}  // namespace sleipnir
