#include "base/small_libc.h"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

namespace sleipnir::test {
namespace {

TEST_CASE("errors_of_the_system_have_a_text") {
  using namespace std::string_literals;
  CHECK(small_libc::error_text(ECONNREFUSED) == "Connection refused"s);
  CHECK(small_libc::error_text(EPERM) == "Operation not permitted"s);
  CHECK(small_libc::error_text(EDQUOT) == "Quota exceeded"s);
  for (const int unknown : {0, -1, 9999, 256 + ENOENT}) CHECK(small_libc::error_text(unknown) == "unknown error"s);
  for (const int common : {EACCES, EADDRINUSE, EAGAIN, ECONNRESET, EHOSTUNREACH, EMFILE, ENETUNREACH, ENOENT, ENOMEM,
                           ENOSPC, EPIPE, EROFS, ETIMEDOUT})
    CHECK(small_libc::error_text(common) != "unknown error"s);
}

}  // namespace
}  // namespace sleipnir::test
