#include "lambda/trace_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {
namespace {

const std::string kRoot = "Root=1-67aa0001-0123456789abcdef01234567";
constexpr std::string_view kId = "67aa00010123456789abcdef01234567";

TEST_CASE("trace_id_is_the_root_of_a_sampled_header") {
  CHECK(trace_id_of_header(kRoot + ";Parent=0123456789abcdef;Sampled=1") == kId);
  CHECK(trace_id_of_header("Sampled=1;" + kRoot) == kId);
  CHECK(trace_id_of_header(kRoot + "; Parent=0123456789abcdef; Sampled=1; Lineage=1:f84e2b95:0") == kId);
  CHECK(trace_id_of_header("Self=1-67aa0002-aa23456789abcdef01234567;" + kRoot + ";Sampled=1") == kId);
}

TEST_CASE("header_without_sampling_or_a_sound_root_gives_no_trace_id") {
  for (const std::string& tracing :
       {std::string(), kRoot, kRoot + ";Sampled=0", kRoot + ";Sampled=?", kRoot + ";Sampled=10", kRoot + ";sampled=1",
        std::string("Sampled=1"), std::string("Root=;Sampled=1"), kRoot + "0;Sampled=1",
        std::string("Root=1-67aa0001-0123456789abcdef0123456;Sampled=1"),
        std::string("Root=2-67aa0001-0123456789abcdef01234567;Sampled=1"),
        std::string("Root=1-67aa000g-0123456789abcdef01234567;Sampled=1"),
        std::string("Root=1-67aa0001_0123456789abcdef01234567;Sampled=1"), std::string(";;;Sampled=1;;")}) {
    CAPTURE(tracing);
    CHECK(trace_id_of_header(tracing).empty());
  }
}

TEST_CASE("trace_field_is_taken_as_32_hex_digits_or_in_the_form_of_xray") {
  CHECK(trace_id_of_field(kId) == kId);
  CHECK(trace_id_of_field("1-67aa0001-0123456789abcdef01234567") == kId);
  CHECK(trace_id_of_field("67AA00010123456789ABCDEF01234567") == "67AA00010123456789ABCDEF01234567");
  for (const std::string value : {"", "1234567890123456", "67aa00010123456789abcdef0123456",
                                  "67aa00010123456789abcdef012345678", "67aa00010123456789abcdef0123456z",
                                  "00000000000000000000000000000000", "Root=1-67aa0001-0123456789abcdef01234567"}) {
    CAPTURE(value);
    CHECK(trace_id_of_field(value).empty());
  }
}

}  // namespace
}  // namespace sleipnir
