#include "loki/answer_text.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {
namespace {

TEST_CASE("phrases_are_found_without_regard_to_case") {
  CHECK(find_phrase("Max Entry size", "entry SIZE") == 4);
  CHECK(find_phrase("abcabc", "abc", 1) == 3);
  CHECK(find_last_phrase("abcABC", "abc") == 3);
  CHECK(find_phrase("abc", "abcd") == std::string_view::npos);
  CHECK(find_phrase("abc", "a", 4) == std::string_view::npos);
  CHECK(find_last_phrase("", "a") == std::string_view::npos);
  CHECK(begins_with_phrase("TEXT/html; x", "text/HTML"));
  CHECK_FALSE(begins_with_phrase("text", "text/html"));
}

TEST_CASE("numbers_are_read_whole_or_not_at_all") {
  CHECK(leading_number("42 x") == 42);
  CHECK(leading_number("18446744073709551615") == UINT64_MAX);
  CHECK_FALSE(leading_number("18446744073709551616"));
  CHECK_FALSE(leading_number("x"));
  CHECK_FALSE(leading_number(""));
  CHECK(number_behind("limit: 7 limit: 8", "limit: ") == 7);
  CHECK_FALSE(number_behind("limit: ", "limit: "));
}

TEST_CASE("times_are_read_as_go_prints_them") {
  CHECK(leading_time("1970-01-01T00:00:01Z")->unix_ns == 1'000'000'000);
  CHECK(leading_time("2026-08-05T12:34:56Z")->unix_ns == 1'785'933'296'000'000'000);
  CHECK(leading_time("2026-08-05T12:34:56Z")->whole_seconds);
  CHECK(leading_time("2026-08-05T12:34:56.123456789Z', more")->unix_ns == 1'785'933'296'123'456'789);
  CHECK_FALSE(leading_time("2026-08-05T12:34:56.5Z")->whole_seconds);
  CHECK(leading_time("2026-08-05T12:34:56.5Z")->unix_ns == 1'785'933'296'500'000'000);
  CHECK(leading_time("2026-08-05T12:34:56.1234567891Z")->unix_ns == 1'785'933'296'123'456'789);
  CHECK(leading_time("2026-08-05T14:34:56+02:00")->unix_ns == 1'785'933'296'000'000'000);
  CHECK(leading_time("2026-08-05T07:04:56-05:30")->unix_ns == 1'785'933'296'000'000'000);
  CHECK(leading_time("2024-02-29T00:00:00Z").has_value());
  CHECK(leading_time("1969-12-31T23:59:59Z")->unix_ns == -1'000'000'000);
}

TEST_CASE("what_is_no_time_is_none") {
  const std::string_view time = "2026-08-05T12:34:56Z";
  for (size_t bytes = 0; bytes < time.size(); bytes++) CHECK_FALSE(leading_time(time.substr(0, bytes)));
  for (const std::string_view text :
       {"2026-13-05T12:34:56Z", "2026-02-30T12:34:56Z", "2025-02-29T00:00:00Z", "2026-08-05T24:34:56Z",
        "2026-08-05T12:60:56Z", "2026-08-05T12:34:61Z", "2026-08-05 12:34:56Z", "2026-08-05T12:34:56+0200",
        "0001-01-01T00:00:00Z", "2263-01-01T00:00:00Z", "2026-08-05T12:34:56+99:00", "-026-08-05T12:34:56Z"}) {
    CHECK_FALSE(leading_time(text));
  }
}

TEST_CASE("an_excerpt_is_one_printable_line_of_at_most_two_hundred_bytes") {
  CHECK(first_words("  a\r\n\tb\x01\x7f c \n").view() == "a b c");
  CHECK(first_words("gr\xC3\xBC\xC3\x9F"
                    "e \xF0\x9F\x98\x80\xFF")
            .view() == "gr??e ??");
  CHECK(first_words("").view().empty());
  CHECK(first_words("\n\n").view().empty());
  for (const size_t bytes : {199U, 200U}) CHECK(first_words(std::string(bytes, 'x')).view().size() == bytes);
  CHECK(first_words(std::string(201, 'x')).view().size() == 200);
}

TEST_CASE("an_excerpt_ends_before_the_payload_that_a_parser_quotes") {
  CHECK(first_words("ReadString: bad, error found in #10 byte of ...|secret log line|..., bigger context").view() ==
        "ReadString: bad, error found in #10 byte of");
}

TEST_CASE("date_header_is_read_in_its_usual_form_only") {
  CHECK(http_date("Sat, 21 Nov 2026 15:04:05 GMT") == 1'795'273'445'000'000'000);
  CHECK(http_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(http_date("Mon, 29 Feb 2028 23:59:59 GMT") == 1'835'481'599'000'000'000);
  for (const char* text :
       {"", "now", "Saturday, 21-Nov-26 15:04:05 GMT", "Sat Nov 21 15:04:05 2026", "Sat, 21 Nox 2026 15:04:05 GMT",
        "Sat, 31 Feb 2026 15:04:05 GMT", "Sat, 2x Nov 2026 15:04:05 GMT", "Sat, 21 Nov 2026 25:04:05 GMT",
        "Sat, 21 Nov 2026 15:04:05 GMT "}) {
    CAPTURE(text);
    CHECK_FALSE(http_date(text));
  }
}

}  // namespace
}  // namespace sleipnir
