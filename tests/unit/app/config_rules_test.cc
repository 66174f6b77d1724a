// LOKI_MASK, LOKI_DROP_MATCH and LOKI_SAMPLE.
#include "app/config_rules.h"

#include <catch2/catch_test_macros.hpp>

#include "support/environment.h"

namespace sleipnir {

using test::has_error;
using test::load_with;
using test::problem_texts;

namespace {

// The patterns, and what each becomes.
std::string shown(const Config& config) {
  std::string out;
  for (const NameValue& mask : config.masks) out.append(mask.name).append(" -> ").append(mask.value).append("; ");
  return out;
}

}  // namespace

TEST_CASE("masks_are_texts_and_patterns_with_what_they_become") {
  const Config config = load_with({R"(LOKI_MASK= ["hunter2", {"text":"a\"b","with":""}, {"pattern":"\\d{13,}"} ,
                                      {"with":"<mail>","pattern":"\\w+@\\w+"}] )"});
  CHECK(problem_texts(config) == "");
  CHECK(shown(config) == R"(hunter\2 -> ***; a\"b -> ; \d{13,} -> ***; \w+@\w+ -> <mail>; )");
  CHECK(load_with({"LOKI_MASK=[]"}).problems.empty());
  CHECK(load_with({}).masks.empty());
}

TEST_CASE("masks_that_cannot_be_read_are_left_out_and_never_shown") {
  const Config config = load_with(
      {R"x(LOKI_MASK=["", "good", {"pattern":"(secret)"}, {"text":"secret","pattern":"a"}, 7, null, ["secret"],
                                      {"text":"secret","to":"x"}, {"with":"secret"}, {"text":{}}])x"});
  CHECK(shown(config) == "good -> ***; ");
  CHECK(config.problems.size() == 9);
  CHECK(has_error(config, {"element 10"}));
  CHECK(problem_texts(config).find("secret") == std::string::npos);
}

TEST_CASE("masks_have_their_limits") {
  const std::string longest(64, 'x');
  const std::string longer(65, 'x');
  const Config config = load_with({"LOKI_MASK=[\"" + longest + "\",\"" + longer + "\",{\"text\":\"a\",\"with\":\"" +
                                   longest + "\"},{\"text\":\"a\",\"with\":\"" + longer + "\"}]"});
  CHECK(config.masks.size() == 2);
  CHECK(config.problems.size() == 2);
  std::string many = "LOKI_MASK=[\"x\"";
  for (int i = 1; i < 17; i++) many += ",\"x\"";
  CHECK(load_with({many + "]"}).masks.size() == 16);
  CHECK(load_with({many + "]"}).problems.size() == 1);
}

TEST_CASE("masks_that_are_no_json_array_are_an_error") {
  for (const char* entry : {"LOKI_MASK=hunter2", "LOKI_MASK={\"text\":\"hunter2\"}", "LOKI_MASK=[\"hunter2\"",
                            "LOKI_MASK=[\"hunter2\",]", "LOKI_MASK=[\"hunter2\"] x"}) {
    const Config config = load_with({entry});
    CAPTURE(entry);
    CHECK(config.masks.empty());
    CHECK(has_error(config, {"LOKI_MASK is no JSON array"}));
    CHECK(problem_texts(config).find("hunter2") == std::string::npos);
  }
}

TEST_CASE("drop_match_is_taken_as_it_stands") {
  CHECK(load_with({"LOKI_DROP_MATCH= GET /health "}).drop_match == " GET /health ");
}

TEST_CASE("sample_is_a_share_in_decimals") {
  for (const auto& [text, share] : {std::pair{"0.1", 100'000U},
                                    {"1", 1'000'000U},
                                    {"0", 0U},
                                    {".5", 500'000U},
                                    {" 0.25 ", 250'000U},
                                    {"1.0", 1'000'000U},
                                    {"0.", 0U},
                                    {"0.000001", 1U},
                                    {"0.999999", 999'999U}}) {
    CAPTURE(text);
    const Config config = load_with({std::string("LOKI_SAMPLE=") + text});
    CHECK(config.sample == share);
    CHECK(config.problems.empty());
  }
  for (const char* text : {"-0.1", "1.1", "2", "10%", ".", "0,1", "0.1.1", "0.0000001", "1e-1", "all", "00.1"}) {
    CAPTURE(text);
    const Config config = load_with({std::string("LOKI_SAMPLE=") + text});
    CHECK(config.sample == InvocationSampler::kAll);
    CHECK(has_error(config, {"LOKI_SAMPLE", "0 to 1"}));
  }
}

}  // namespace sleipnir
