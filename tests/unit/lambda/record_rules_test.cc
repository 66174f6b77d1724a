#include "lambda/record_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "base/json_check.h"
#include "base/json_text.h"

namespace sleipnir::test {
namespace {

using Masks = std::vector<NameValue>;

NameValue pattern(BorrowedText find, BorrowedText with = "***") {
  return {.name = find, .value = with};
}
// One without any character that means something.
NameValue text(BorrowedText find, BorrowedText with = "***") {
  return pattern(find, with);
}

struct Applied {
  bool filtered = false;
  bool changed = false;
  std::string line;  // as the push has it, inside of a JSON string
};

Applied apply(const Masks& masks, std::string_view drop, TextForm form, std::string_view text,
              LogType type = LogType::kFunction) {
  RecordRules rules(masks, drop);
  Decoded decoded;
  decoded.record = {.log_type = type, .form = form, .text = text};
  rules.apply(decoded);
  const std::string_view after = decoded.record.text;
  Applied applied{.filtered = decoded.disposition == Disposition::kFilter,
                  .changed = after.data() != text.data() || decoded.record.form != form};
  applied.line.resize(after.size() * kJsonGrowthMax);
  const JsonCopied copied = decoded.record.form == TextForm::kJsonString
                                ? copy_json_token(after, applied.line, kNoDecodedLimit, LastNewline::kCut)
                                : escape_json(after, applied.line, kNoDecodedLimit, LastNewline::kCut);
  applied.line.resize(copied.written);
  return applied;
}
// The line of a text as a function printed it: what stands between the quotes in the telemetry body.
std::string of_text(const Masks& masks, std::string_view token) {
  return apply(masks, "", TextForm::kJsonString, token).line;
}
// The line of a JSON record, which has to be JSON afterwards.
std::string of_json(const Masks& masks, std::string_view json) {
  RecordRules rules(masks, "");
  Decoded decoded;
  decoded.record = {.form = TextForm::kJsonValue, .text = json};
  rules.apply(decoded);
  CHECK(is_json(decoded.record.text));
  return std::string(decoded.record.text);
}

TEST_CASE("record_rules_mask_a_text_line") {
  CHECK(of_text({text("hunter2")}, "password hunter2 is hunter2\\n") == "password *** is ***");
  CHECK(of_text({pattern("\\d{13,}", "<card>")}, "paid by 4111111111111111.") == "paid by <card>.");
  CHECK(of_text({text("x", "")}, "axbx") == "ab");
}

TEST_CASE("record_rules_mask_what_stands_in_escapes") {
  // The function wrote a quote, an umlaut, a line break; telemetry may spell them in any way.
  CHECK(of_text({text("p\"w")}, R"(a p\"w b)") == "a *** b");
  CHECK(of_text({text("pä")}, R"(a p\u00e4 b)") == "a *** b");
  CHECK(of_text({text("secret")}, R"(\u0073ecret\n)") == "***");
  CHECK(of_text({text("b", "\"\n")}, "abc") == R"(a\"\nc)");
}

TEST_CASE("record_rules_leave_a_line_without_a_match_as_it_is") {
  for (const TextForm form : {TextForm::kJsonString, TextForm::kJsonValue, TextForm::kPlain}) {
    const Applied applied = apply({text("secret"), pattern("\\d+x")}, "nothing", form, R"({"a":"b\/\u0041c"})");
    CHECK_FALSE(applied.filtered);
    CHECK_FALSE(applied.changed);
  }
}

TEST_CASE("record_rules_mask_within_the_values_of_a_json_record") {
  CHECK(of_json({text("hunter2")}, R"({"user":"jane","password":"hunter2"})") == R"({"user":"jane","password":"***"})");
  CHECK(of_json({text("a\"b")}, R"({"x":["1a\"b2"]})") == R"({"x":["1***2"]})");
  CHECK(of_json({text("key")}, R"({"the key":{"key":null}})") == R"({"the ***":{"***":null}})");
  CHECK(of_json({text("x", "\"\\\n")}, R"(["axb"])") == R"(["a\"\\\nb"])");
  CHECK(of_json({pattern("[^ ]+")}, R"({ "a b" : "c" })") == R"({ "*** ***" : "***" })");
}

TEST_CASE("record_rules_make_a_string_of_a_number_that_is_masked") {
  CHECK(of_json({pattern("\\d{13,}")}, R"({"card":4111111111111111,"n":-1.5e3})") == R"({"card":"***","n":-1.5e3})");
  CHECK(of_json({text("5", "")}, R"([5,15,true])") == R"(["","1",true])");
  CHECK(of_json({text("true")}, R"({"a":true})") == R"({"a":"***"})");
  CHECK(of_json({text("12")}, "12") == R"("***")");
}

TEST_CASE("record_rules_never_match_across_the_structure_of_json") {
  const std::string json = R"({"a":"x","b":"y"})";
  CHECK(of_json({text(R"(x","b)"), pattern("a.+y")}, json) == json);
}

TEST_CASE("record_rules_keep_text_that_is_json_as_json") {
  CHECK(of_text({pattern("\\d{13,}"), text("ja\"ne")}, R"({\"card\":4111111111111111,\"who\":\"ja\\\"ne\"}\n)") ==
        R"({\"card\":\"***\",\"who\":\"***\"})");
  // Which this is not.
  CHECK(of_text({pattern("\\d{13,}")}, R"({\"card\":4111111111111111)") == R"({\"card\":***)");
}

TEST_CASE("record_rules_go_one_behind_the_other") {
  CHECK(of_text({text("a", "b"), text("bb", "c")}, "ab") == "c");
}

TEST_CASE("record_rules_do_not_touch_what_the_platform_tells") {
  const Applied applied = apply({text("a")}, "a", TextForm::kJsonValue, R"("a":"a"})", LogType::kPlatform);
  CHECK_FALSE(applied.changed);
  CHECK_FALSE(applied.filtered);
  CHECK(apply({text("a")}, "", TextForm::kJsonString, "a", LogType::kExtension).line == "***");
}

TEST_CASE("record_rules_filter_lines_with_the_text_that_is_not_wanted") {
  CHECK(apply({}, "GET /health", TextForm::kJsonString, "200 GET /health 1 ms\\n").filtered);
  CHECK(apply({}, "say \"hi\"", TextForm::kJsonString, R"(to say \"hi\")").filtered);
  CHECK(apply({}, R"("path":"/health")", TextForm::kJsonValue, R"({"path":"/health"})").filtered);
  CHECK_FALSE(apply({}, "GET /health", TextForm::kJsonString, "GET /healt").filtered);
  CHECK_FALSE(apply({}, "", TextForm::kJsonString, "GET /health").filtered);
  // By the line as it was written.
  CHECK(apply({text("health")}, "health", TextForm::kJsonString, "GET /health").filtered);
}

TEST_CASE("record_rules_bound_what_a_line_grows_to") {
  constexpr size_t kMost = RecordRules::kMaskedLineBytesMax;
  for (const size_t bytes : {size_t{1}, size_t{5000}, kMost}) {
    const std::string all(bytes, 'a');
    const std::string with(64, 'b');
    const std::string line = of_text({text("a", with), text("b", with), text("b", with)}, all);
    CHECK(line.find('a') == std::string::npos);
    CHECK(line.size() <= 2 * bytes + RecordRules::kMaskGrowthBytes);
  }
  CHECK(of_text({text("b")}, std::string(kMost + 1, 'a')) == "a line too long for LOKI_MASK");
  std::string many = "[";
  while (many.size() < kMost - 8) many += "1,";
  const std::string with(64, 'b');
  CHECK(of_json({text("1", with)}, many + "1]").size() <= 4 * kMost);
}

}  // namespace
}  // namespace sleipnir::test
