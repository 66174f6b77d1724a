// Custom labels: every source, their order, and what Loki would not take.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include "loki/labels.h"
#include "support/environment.h"

namespace sleipnir {

using test::has_error;
using test::has_warning;
using test::load_with;
using test::problem_texts;

namespace {

using Labels = std::vector<NameValue>;

// `count` labels l0=v ... as LOKI_LOG_LABELS.
std::string many_labels(int count) {
  std::string entry = "LOKI_LOG_LABELS=";
  for (int i = 0; i < count; i++) entry += "l" + std::to_string(i) + "=v,";
  return entry;
}

}  // namespace

TEST_CASE("each_source_of_labels_alone") {
  struct Case {
    const char* entry;
    Labels labels;
  };
  const Case c = GENERATE(
      Case{R"(LOKI_LABELS={"team":"logs","tier":1,"beta":true})", {{"team", "logs"}, {"tier", "1"}, {"beta", "true"}}},
      Case{"LOKI_LABELS={}", {}},
      Case{"LOKI_LOG_LABELS=team=logs, url = http://x?a=b ,", {{"team", "logs"}, {"url", "http://x?a=b"}}},
      Case{"LOKI_EXTRA_LABELS=team,logs, tier , gold", {{"team", "logs"}, {"tier", "gold"}}},
      Case{"LOKI_EXTRA_LABELS=team,logs,", {{"team", "logs"}}}, Case{"OTEL_LABEL_TEAM=a=b", {{"team", "a=b"}}},
      Case{"OTEL_LABEL_Cost_Center=7", {{"cost_center", "7"}}},
      Case{"LOKI_APPLICATION_LABEL=shop", {{"application", "shop"}}},
      Case{"LOKI_ENV_LABEL=prod", {{"environment", "prod"}}},
      Case{"SERVICE_NAME=checkout", {{"service_name", "checkout"}}});
  const Config config = load_with({c.entry});
  CAPTURE(c.entry, problem_texts(config));
  CHECK(config.labels == c.labels);
  CHECK(config.problems.empty());
}

TEST_CASE("all_sources_are_merged_in_their_order_with_service_name_last") {
  const Config config =
      load_with({"LOKI_ENV_LABEL=prod", "OTEL_LABEL_D=4", "LOKI_APPLICATION_LABEL=shop", "SERVICE_NAME=s",
                 "LOKI_EXTRA_LABELS=c,3", "LOKI_LOG_LABELS=b=2", R"(LOKI_LABELS={"a":"1"})"});
  CHECK(config.labels == Labels{{"a", "1"},
                                {"b", "2"},
                                {"c", "3"},
                                {"d", "4"},
                                {"application", "shop"},
                                {"environment", "prod"},
                                {"service_name", "s"}});
  CHECK(problem_texts(config) == "");
}

TEST_CASE("service_name_is_the_variable_then_a_custom_label_then_the_function") {
  const std::string function = "AWS_LAMBDA_FUNCTION_NAME=orders";
  CHECK(load_with({function}).labels == Labels{{"service_name", "orders"}});
  CHECK(load_with({"AWS_LAMBDA_FUNCTION_NAME=a\xff"}).labels == Labels{{"service_name", "a\ufffd"}});
  CHECK(load_with({function, R"(LOKI_LABELS={"service_name":"mine","a":"b"})"}).labels ==
        Labels{{"a", "b"}, {"service_name", "mine"}});
  const Config both = load_with({function, "SERVICE_NAME=s", R"(LOKI_LABELS={"service_name":"mine"})"});
  CHECK(both.labels == Labels{{"service_name", "s"}});
  CHECK(has_warning(both, {"LOKI_LABELS: label service_name", "SERVICE_NAME"}));
}

TEST_CASE("the_first_source_to_name_a_label_wins_and_the_later_one_is_named") {
  const Config config = load_with({R"(LOKI_LABELS={"team":"a"})", "LOKI_LOG_LABELS=team=b", "OTEL_LABEL_TEAM=c"});
  CHECK(config.labels == Labels{{"team", "a"}});
  CHECK(config.problems.size() == 2);
  CHECK(has_warning(config, {"LOKI_LOG_LABELS: label team is already set by LOKI_LABELS"}));
  CHECK(has_warning(config, {"OTEL_LABEL_TEAM: label team is already set by LOKI_LABELS"}));
  const Config twice = load_with({R"(LOKI_LABELS={"a":"1","a":"2"})"});
  CHECK(twice.labels == Labels{{"a", "1"}});
}

TEST_CASE("names_loki_would_refuse_are_renamed_with_a_line") {
  struct Case {
    const char* given;
    const char* renamed;
  };
  const Case c = GENERATE(Case{"cost-center", "cost_center"}, Case{"a.b:c", "a_b_c"}, Case{"1st", "_1st"},
                          Case{"k\u00f6nig", "k_nig"}, Case{"\u20ac", "_"}, Case{"a b", "a_b"}, Case{"9-", "_9_"});
  const Config config = load_with({std::string("LOKI_LABELS={\"") + c.given + "\":\"v\"}"});
  CAPTURE(c.given, problem_texts(config));
  CHECK(config.labels == Labels{{c.renamed, "v"}});
  CHECK(config.problems.size() == 1);
  CHECK(has_warning(config, {"LOKI_LABELS: label ", c.given, "renamed to ", c.renamed}));
}

TEST_CASE("names_that_are_no_utf8_are_renamed_too") {
  CHECK(load_with({"LOKI_LOG_LABELS=\x87"
                   "1x=v"})
            .labels == Labels{{"_1x", "v"}});
  CHECK(load_with({"LOKI_LOG_LABELS=\x87=v"}).labels == Labels{{"_", "v"}});
  CHECK(load_with({"OTEL_LABEL_\xff\xfe=v"}).labels == Labels{{"__", "v"}});
}

TEST_CASE("names_loki_takes_are_kept") {
  for (const char* name : {"a", "_", "__x__", "A9_z"}) {
    CAPTURE(name);
    const Config config = load_with({std::string("LOKI_LOG_LABELS=") + name + "=v"});
    CHECK(config.labels == Labels{{name, "v"}});
    CHECK(problem_texts(config) == "");
  }
}

TEST_CASE("two_names_that_become_one_by_renaming_are_named") {
  const Config config = load_with({"LOKI_LOG_LABELS=a-b=1,a.b=2"});
  CHECK(config.labels == Labels{{"a_b", "1"}});
  CHECK(has_warning(config, {"label a_b is already set by LOKI_LOG_LABELS"}));
}

TEST_CASE("labels_without_name_or_value_are_dropped_with_a_line") {
  const Config empty = load_with({R"(LOKI_LABELS={"a":"","":"x","b":"1"})"});
  CHECK(empty.labels == Labels{{"b", "1"}});
  CHECK(has_warning(empty, {"LOKI_LABELS: label a is empty"}));
  CHECK(has_error(empty, {"LOKI_LABELS: a label has no name"}));
  const Config pairs = load_with({"LOKI_LOG_LABELS=novalue,=x,c=,d=1"});
  CHECK(pairs.labels == Labels{{"d", "1"}});
  CHECK(has_error(pairs, {"LOKI_LOG_LABELS: novalue", "name=value"}));
  CHECK(has_error(pairs, {"LOKI_LOG_LABELS: a label has no name"}));
  CHECK(has_warning(pairs, {"LOKI_LOG_LABELS: label c is empty"}));
  const Config odd = load_with({"LOKI_EXTRA_LABELS=a,1,b"});
  CHECK(odd.labels == Labels{{"a", "1"}});
  CHECK(has_error(odd, {"LOKI_EXTRA_LABELS: b has no value", "name,value"}));
  CHECK(has_error(load_with({"OTEL_LABEL_=x"}), {"OTEL_LABEL_: a label has no name"}));
}

TEST_CASE("labels_that_are_no_json_object_are_named_with_an_example") {
  for (const char* text : {"team=logs", "{\"a\":}", "[1]", "{'a':'b'}", "{"}) {
    const Config config = load_with({std::string("LOKI_LABELS=") + text});
    CAPTURE(text);
    CHECK(config.labels.empty());
    CHECK(config.enabled());
    CHECK(config.problems.size() == 1);
    CHECK(has_error(config, {std::string_view("LOKI_LABELS="), text, R"({"team":"logs"})"}));
  }
}

TEST_CASE("label_values_that_are_no_text_are_dropped_by_name") {
  const Config config = load_with({R"(LOKI_LABELS={"a":{"b":"c"},"d":null,"e":[],"f":"g"})"});
  CHECK(config.labels == Labels{{"f", "g"}});
  CHECK(config.problems.size() == 3);
  CHECK(has_error(config, {"LOKI_LABELS: the value of label a"}));
}

TEST_CASE("labels_that_sleipnir_sets_itself_are_dropped_by_name") {
  for (const char* name : {"function_name", "function_version", "region", "account_id", "source"}) {
    const Config config = load_with({std::string("LOKI_LOG_LABELS=") + name + "=x,a=1"});
    CAPTURE(name);
    CHECK(config.labels == Labels{{"a", "1"}});
    CHECK(has_error(config, {"LOKI_LOG_LABELS: label ", name, "set by Sleipnir itself"}));
  }
  CHECK(load_with({"LOKI_LOG_LABELS=request_id=x"}).labels == Labels{{"request_id", "x"}});
  const Config reserved = load_with({"LOKI_LOG_LABELS=request_id=x", "LOKI_REQUEST_ID_AS=label"});
  CHECK(reserved.labels.empty());
  CHECK(has_error(reserved, {"label request_id is set by Sleipnir itself"}));
}

TEST_CASE("no_more_labels_than_loki_takes_beside_the_built_in_ones") {
  CHECK(load_with({many_labels(10), "SERVICE_NAME=s"}).labels.size() == 11);
  CHECK(problem_texts(load_with({many_labels(10), "SERVICE_NAME=s"})) == "");

  const Config eleven = load_with({many_labels(11), "SERVICE_NAME=s"});
  CHECK(eleven.labels.size() == 11);
  CHECK(eleven.labels[10] == NameValue{"service_name", "s"});
  CHECK(eleven.labels[9].name == "l9");
  CHECK(has_error(eleven, {"more than 10 custom labels", "15", "l10 dropped"}));

  const Config thirteen = load_with({many_labels(13)});
  CHECK(has_error(thirteen, {"l10, l11, l12 dropped"}));

  const Config with_request_id = load_with({many_labels(10), "LOKI_REQUEST_ID_AS=label"});
  CHECK(with_request_id.labels.size() == 9);
  CHECK(has_error(with_request_id, {"more than 9 custom labels", "l9 dropped"}));
}

TEST_CASE("the_labels_are_such_that_a_stream_takes_them_beside_the_built_in_ones") {
  const auto [entries, own] = GENERATE(
      table<std::vector<std::string>, size_t>({{{many_labels(30), "SERVICE_NAME=s"}, 5},
                                               {{many_labels(30), "LOKI_REQUEST_ID_AS=label"}, 6},
                                               {{"LOKI_LOG_LABELS=source=a,region=b,service_name=c,d=e,d=f"}, 5}}));
  const Config config = load_with(entries);
  std::set<std::string> names = {"function_name", "function_version", "region", "account_id", "source"};
  if (own == 6) names.insert("request_id");
  size_t counted = own;
  for (const NameValue& label : config.labels) {
    CAPTURE(label.name);
    CHECK(names.insert(std::string(label.name)).second);
    if (label.name != "service_name") counted++;
  }
  CHECK(counted <= kLabelCountMax);
}

TEST_CASE("names_and_values_are_cut_to_what_loki_takes") {
  const std::string name(1024, 'n');
  CHECK(problem_texts(load_with({"LOKI_LOG_LABELS=" + name + "=v"})) == "");
  const Config long_name = load_with({"LOKI_LOG_LABELS=" + name + "n=v"});
  CHECK(long_name.labels == Labels{{name, "v"}});
  CHECK(has_warning(long_name, {"LOKI_LOG_LABELS: the name of label nnn", "1024 bytes"}));

  const std::string value(2048, 'v');
  CHECK(problem_texts(load_with({"LOKI_ENV_LABEL=" + value})) == "");
  const Config long_value = load_with({"LOKI_ENV_LABEL=" + value + "v"});
  CHECK(long_value.labels == Labels{{"environment", value}});
  CHECK(has_warning(long_value, {"LOKI_ENV_LABEL: the value of label environment", "2048 bytes"}));
}

TEST_CASE("values_are_cut_between_characters") {
  // 2047 bytes and a character of two or more: the character goes as a whole.
  const std::string start(2047, 'v');
  for (const char* character : {"\u00e4", "\u20ac", "\U0001F600"}) {
    CAPTURE(character);
    const Config config = load_with({"LOKI_ENV_LABEL=" + start + character + "tail"});
    CHECK(config.labels == Labels{{"environment", start}});
  }
  CHECK(load_with({"LOKI_ENV_LABEL=" + start.substr(1) + "\u00e4" + "tail"}).labels[0].value ==
        start.substr(1) + "\u00e4");
}

TEST_CASE("values_that_are_no_utf8_are_repaired_with_a_line") {
  struct Case {
    const char* given;
    const char* repaired;
  };
  const Case c = GENERATE(Case{"a\xff"
                               "b",
                               "a\ufffd"
                               "b"},
                          Case{"\xc3", "\ufffd"}, Case{"x\xed\xa0\x80", "x\ufffd\ufffd\ufffd"},
                          Case{"\u00e4\xf0\x9f\x98", "\u00e4\ufffd"}, Case{"\xc0\xaf", "\ufffd\ufffd"});
  const Config config = load_with({std::string("LOKI_ENV_LABEL=") + c.given});
  CAPTURE(problem_texts(config));
  CHECK(config.labels == Labels{{"environment", c.repaired}});
  CHECK(has_warning(config, {"LOKI_ENV_LABEL: the value of label environment is not valid UTF-8"}));
}

TEST_CASE("values_keep_quotes_backslashes_newlines_and_emoji") {
  const Config config = load_with({"LOKI_ENV_LABEL=\"\\\n\t\U0001F600\u00e4"});
  CHECK(config.labels == Labels{{"environment", "\"\\\n\t\U0001F600\u00e4"}});
  CHECK(problem_texts(config) == "");
}

}  // namespace sleipnir
