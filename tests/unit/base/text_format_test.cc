#include "base/text_format.h"

#include <catch2/catch_test_macros.hpp>
#include <cinttypes>
#include <climits>
#include <cstdio>
#include <string>
#include <vector>

namespace sleipnir::test {
namespace {

[[gnu::format(printf, 1, 2)]] std::string ours(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vector<char> room(4096, '#');
  const size_t bytes = format_text(room.data(), room.size(), format, arguments);
  va_end(arguments);
  REQUIRE(room[bytes] == '\0');
  REQUIRE(room[bytes + 1] == '#');
  return std::string(room.data(), bytes);
}

[[gnu::format(printf, 1, 2)]] std::string theirs(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char room[4096];
  const int bytes = vsnprintf(room, sizeof(room), format, arguments);
  va_end(arguments);
  return std::string(room, static_cast<size_t>(bytes));
}

#define CHECK_SAME(...) CHECK(ours(__VA_ARGS__) == theirs(__VA_ARGS__))

TEST_CASE("numbers_are_written_as_the_c_library_writes_them") {
  for (const int value : {0, 1, -1, 7, 42, -42, 99999, INT_MAX, INT_MIN}) {
    CHECK_SAME("%d|%5d|%-5d|%02d|%09d|%04d", value, value, value, value, value, value);
    const auto plain = static_cast<unsigned>(value);
    CHECK_SAME("%u|%02u|%x|%04x|%X|%02X", plain, plain, plain, plain, plain, plain);
  }
  for (const int64_t value : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN, int64_t{1795230012345678901}}) {
    const auto plain = static_cast<uint64_t>(value);
    CHECK_SAME("%lld|%019lld|%" PRId64, static_cast<long long>(value), static_cast<long long>(value), value);
    CHECK_SAME("%llu|%zu|%" PRIu64 "|%016" PRIx64, static_cast<unsigned long long>(plain), static_cast<size_t>(plain),
               plain, plain);
    CHECK_SAME("%ld|%lu|%jd", static_cast<long>(value), static_cast<unsigned long>(plain),
               static_cast<intmax_t>(value));
  }
}

TEST_CASE("texts_are_cut_and_padded_as_the_c_library_does_it") {
  for (const char* text : {"", "a", "sleipnir", "\xc3\xa4"}) {
    CHECK_SAME("[%s|%10s|%-10s|%.3s|%.*s|%.*s]", text, text, text, text, 2, text, 0, text);
    CHECK_SAME("%-30s %-40s %s\n", text, text, text);
  }
  const char not_ended[] = {'a', 'b', 'c'};
  CHECK(ours("%.*s", 3, not_ended) == "abc");
  CHECK_SAME("100%% %c%c", 'x', 'y');
  CHECK_SAME("%s", std::string(3000, 'x').c_str());
}

TEST_CASE("a_text_that_does_not_fit_is_cut_and_its_whole_length_told") {
  const auto into = [](char* out, size_t room, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const size_t bytes = format_text(out, room, format, arguments);
    va_end(arguments);
    return bytes;
  };
  for (size_t room = 0; room < 12; room++) {
    std::vector<char> exact(room);
    CAPTURE(room);
    CHECK(into(exact.data(), room, "%s-%d", "abcd", 1234) == 9);
    if (room == 0) continue;
    CHECK(std::string(exact.data()) == std::string("abcd-1234").substr(0, room - 1));
  }
}

TEST_CASE("an_unknown_conversion_ends_the_text") {
  const char* const formats[] = {"a%f", "a%", "a%q b", "a%5"};
  for (const char* format : formats) {
    const auto call = [](const char* unchecked, ...) {
      va_list arguments;
      va_start(arguments, unchecked);
      char out[16];
      format_text(out, sizeof(out), unchecked, arguments);
      va_end(arguments);
      return std::string(out);
    };
    CAPTURE(format);
    CHECK(call(format, 1.0) == "a");
  }
}

}  // namespace
}  // namespace sleipnir::test
