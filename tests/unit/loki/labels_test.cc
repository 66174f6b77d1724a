#include "loki/labels.h"

#include <catch2/catch_test_macros.hpp>

#include "batch/batch.h"

namespace sleipnir {
namespace {

constexpr FunctionIdentity kFunction{
    .function_name = "orders", .function_version = "$LATEST", .region = "eu-central-1", .account_id = "123456789012"};

std::vector<Label> numbered(size_t count, std::vector<std::string>& names) {
  names.clear();
  for (size_t i = 0; i < count; i++) names.push_back("custom_" + std::to_string(i));
  std::vector<Label> labels;
  for (const std::string& name : names) labels.push_back({.name = name, .value = "v"});
  return labels;
}

TEST_CASE("the_prefix_holds_the_built_in_labels_and_then_the_custom_ones_in_order") {
  const Label custom[] = {{"team", "shop"}, {"env", "prod"}};
  const StreamLabels labels = build_stream_labels(kFunction, "", custom);
  CHECK(
      labels.push_prefix ==
      R"({"streams":[{"stream":{"function_name":"orders","function_version":"$LATEST","region":"eu-central-1",)"
      R"("account_id":"123456789012","source":"lambda","service_name":"orders","team":"shop","env":"prod"},"values":[)");
  CHECK(labels.dropped.empty());
}

TEST_CASE("labels_without_a_value_are_left_out") {
  const Label custom[] = {{"team", ""}};
  const StreamLabels labels = build_stream_labels({.function_name = "f"}, "", custom);
  CHECK(labels.push_prefix ==
        R"({"streams":[{"stream":{"function_name":"f","source":"lambda","service_name":"f"},"values":[)");
}

TEST_CASE("label_values_are_escaped_and_hold_no_replacement_character") {
  const Label custom[] = {{"note", "a \"b\" \\ \n \xFF\xEF\xBF\xBD \xEF\xBC\x9F"}};
  const StreamLabels labels = build_stream_labels({.function_name = "f"}, "", custom);
  // Loki refuses the whole push for U+FFFD in a label.
  CHECK(labels.push_prefix.find("\"note\":\"a \\\"b\\\" \\\\ \\n ?? \xEF\xBC\x9F\"") != std::string::npos);
  std::string out(1000, '\0');
  const size_t bytes = write_prefix_with_request_id(labels.push_prefix, "id\xFF", out);
  CHECK(out.substr(0, bytes).find(R"("request_id":"id?"})") != std::string::npos);
}

TEST_CASE("service_name_comes_from_the_variable_then_a_custom_label_then_the_function") {
  const Label custom[] = {{"service_name", "from-label"}};
  const auto has = [](const StreamLabels& labels, std::string_view text) {
    return labels.push_prefix.find(text) != std::string::npos;
  };
  const StreamLabels by_variable = build_stream_labels(kFunction, "from-variable", custom);
  CHECK(has(by_variable, R"("service_name":"from-variable")"));
  REQUIRE(by_variable.dropped.size() == 1);
  CHECK(by_variable.dropped[0].why == DroppedLabel::Why::kBuiltIn);
  const StreamLabels by_label = build_stream_labels(kFunction, "", custom);
  CHECK(has(by_label, R"("service_name":"from-label")"));
  CHECK(by_label.dropped.empty());
  CHECK(has(build_stream_labels(kFunction, "", {}), R"("service_name":"orders")"));
}

TEST_CASE("a_custom_label_never_replaces_a_built_in_one_or_an_earlier_one") {
  const Label custom[] = {{"region", "mars"}, {"team", "a"}, {"team", "b"}, {"source", "x"}};
  const StreamLabels labels = build_stream_labels(kFunction, "", custom);
  CHECK(labels.push_prefix.find("mars") == std::string::npos);
  CHECK(labels.push_prefix.find(R"("team":"a")") != std::string::npos);
  REQUIRE(labels.dropped.size() == 3);
  CHECK((labels.dropped[0].name == "region" && labels.dropped[0].why == DroppedLabel::Why::kBuiltIn));
  CHECK((labels.dropped[1].name == "team" && labels.dropped[1].why == DroppedLabel::Why::kRepeated));
  CHECK((labels.dropped[2].name == "source" && labels.dropped[2].why == DroppedLabel::Why::kBuiltIn));
}

TEST_CASE("a_custom_label_may_take_a_built_in_name_that_lambda_left_empty") {
  const Label custom[] = {{"account_id", "mine"}};
  const StreamLabels labels = build_stream_labels({.function_name = "f"}, "", custom);
  CHECK(labels.push_prefix.find(R"("account_id":"mine")") != std::string::npos);
}

TEST_CASE("the_last_custom_labels_beyond_loki_s_limit_are_dropped") {
  std::vector<std::string> names;
  // Five built-in ones count, service_name does not.
  const size_t room = kLabelCountMax - 5;
  CHECK(build_stream_labels(kFunction, "", numbered(room - 1, names)).dropped.empty());
  CHECK(build_stream_labels(kFunction, "", numbered(room, names)).dropped.empty());
  const StreamLabels over = build_stream_labels(kFunction, "", numbered(room + 2, names));
  REQUIRE(over.dropped.size() == 2);
  CHECK((over.dropped[0].name == "custom_10" && over.dropped[0].why == DroppedLabel::Why::kTooMany));
  CHECK(over.dropped[1].name == "custom_11");
  const StreamLabels reserved = build_stream_labels(kFunction, "", numbered(room, names), RequestIdLabel::kReserve);
  REQUIRE(reserved.dropped.size() == 1);
  CHECK(reserved.dropped[0].name == "custom_9");
}

TEST_CASE("a_request_id_label_is_put_behind_the_others") {
  const StreamLabels labels = build_stream_labels({.function_name = "f"}, "", {}, RequestIdLabel::kReserve);
  std::string out(labels.push_prefix.size() + request_id_label_bytes_max(4), '\0');
  const size_t bytes = write_prefix_with_request_id(labels.push_prefix, "id\"1", out);
  CHECK(
      out.substr(0, bytes) ==
      R"({"streams":[{"stream":{"function_name":"f","source":"lambda","service_name":"f","request_id":"id\"1"},"values":[)");
  for (size_t room = 0; room < bytes; room++) {
    std::vector<char> small(room);
    REQUIRE(write_prefix_with_request_id(labels.push_prefix, "id\"1", small) == 0);
  }
  std::vector<char> exact(bytes);
  CHECK(write_prefix_with_request_id(labels.push_prefix, "id\"1", exact) == bytes);
  const size_t plain = write_prefix_with_request_id(labels.push_prefix, "", out);
  CHECK(out.substr(0, plain) == labels.push_prefix);
}

TEST_CASE("a_custom_request_id_label_gives_way_to_the_reserved_one") {
  const Label custom[] = {{"request_id", "x"}};
  CHECK(build_stream_labels(kFunction, "", custom).dropped.empty());
  const StreamLabels labels = build_stream_labels(kFunction, "", custom, RequestIdLabel::kReserve);
  REQUIRE(labels.dropped.size() == 1);
  CHECK(labels.dropped[0].why == DroppedLabel::Why::kBuiltIn);
}

TEST_CASE("the_suffix_fits_what_a_push_text_can_cover") {
  CHECK(kPushSuffix.size() <= PushText::kSuffixBytesMax);
}

}  // namespace
}  // namespace sleipnir
