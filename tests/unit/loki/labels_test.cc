#include "loki/labels.h"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "batch/batch.h"

namespace sleipnir {
namespace {

constexpr FunctionIdentity kFunction{
    .function_name = "orders", .function_version = "$LATEST", .region = "eu-central-1", .account_id = "123456789012"};

TEST_CASE("the_prefix_holds_the_built_in_labels_and_then_the_custom_ones_in_order") {
  const NameValue custom[] = {{"team", "shop"}, {"env", "prod"}};
  const std::string prefix = build_push_prefix(kFunction, custom);
  CHECK(
      prefix ==
      R"({"streams":[{"stream":{"function_name":"orders","function_version":"$LATEST","region":"eu-central-1",)"
      R"("account_id":"123456789012","source":"lambda","service_name":"orders","team":"shop","env":"prod"},"values":[)");
}

TEST_CASE("labels_without_a_value_are_left_out") {
  const NameValue custom[] = {{"team", ""}};
  const std::string prefix = build_push_prefix({.function_name = "f"}, custom);
  CHECK(prefix == R"({"streams":[{"stream":{"function_name":"f","source":"lambda","service_name":"f"},"values":[)");
}

TEST_CASE("label_values_are_escaped_and_hold_no_replacement_character") {
  const NameValue custom[] = {{"note", "a \"b\" \\ \n \xFF\xEF\xBF\xBD \xEF\xBC\x9F"}};
  const std::string prefix = build_push_prefix({.function_name = "f"}, custom);
  // Loki refuses the whole push for U+FFFD in a label.
  CHECK(prefix.find("\"note\":\"a \\\"b\\\" \\\\ \\n ?? \xEF\xBC\x9F\"") != std::string::npos);
  std::string out(1000, '\0');
  const size_t bytes = write_prefix_with_request_id(prefix, "id\xFF", out);
  CHECK(out.substr(0, bytes).find(R"("request_id":"id?"})") != std::string::npos);
}

TEST_CASE("service_name_comes_from_the_custom_labels_then_from_the_function") {
  const NameValue custom[] = {{"team", "shop"}, {"service_name", "from-label"}};
  const std::string prefix = build_push_prefix({.function_name = "f"}, custom);
  CHECK(
      prefix ==
      R"({"streams":[{"stream":{"function_name":"f","source":"lambda","service_name":"from-label","team":"shop"},"values":[)");
  CHECK(build_push_prefix(kFunction, {}).find(R"("service_name":"orders")") != std::string::npos);
}

TEST_CASE("without_a_function_there_is_a_source") {
  CHECK(build_push_prefix({}, {}) == R"({"streams":[{"stream":{"source":"lambda"},"values":[)");
}

TEST_CASE("a_request_id_label_is_put_behind_the_others") {
  const std::string prefix = build_push_prefix({.function_name = "f"}, {});
  std::string out(prefix.size() + request_id_label_bytes_max(4), '\0');
  const size_t bytes = write_prefix_with_request_id(prefix, "id\"1", out);
  CHECK(
      out.substr(0, bytes) ==
      R"({"streams":[{"stream":{"function_name":"f","source":"lambda","service_name":"f","request_id":"id\"1"},"values":[)");
  for (size_t room = 0; room < bytes; room++) {
    std::vector<char> small(room);
    REQUIRE(write_prefix_with_request_id(prefix, "id\"1", small) == 0);
  }
  std::vector<char> exact(bytes);
  CHECK(write_prefix_with_request_id(prefix, "id\"1", exact) == bytes);
  const size_t plain = write_prefix_with_request_id(prefix, "", out);
  CHECK(out.substr(0, plain) == prefix);
}

TEST_CASE("the_suffix_fits_what_a_push_text_can_cover") {
  CHECK(kPushSuffix.size() <= PushText::kSuffixBytesMax);
}

}  // namespace
}  // namespace sleipnir
