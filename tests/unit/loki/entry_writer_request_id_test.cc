#include "loki/entry_writer.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "../base/json_reference.h"
#include "entry_writer_fixture.h"
#include "wire_entry.h"

namespace sleipnir {
namespace {

using test::read_wire_entry;
using test::WireEntry;

constexpr EntryWriter::Options kInLine{.request_id_as = RequestIdAs::kLine};

std::string line_with_id(const Record& record, std::string_view id = "r-1") {
  const std::optional<WireEntry> entry = read_wire_entry(write_one(kInLine, with_request_id(record, id)));
  REQUIRE(entry.has_value());
  CHECK((*entry)["request_id"].empty());
  return entry->line;
}

TEST_CASE("a_request_id_goes_in_front_of_text") {
  CHECK(line_with_id(token(R"(hello\n)")) == "[request_id=r-1] hello");
  CHECK(line_with_id(token("")) == "[request_id=r-1] ");
  CHECK(line_with_id(plain("[1,2]")) == "[request_id=r-1] [1,2]");
  CHECK(line_with_id(plain("hello"), "") == "hello");
}

TEST_CASE("a_request_id_becomes_the_first_key_of_an_object_that_has_none") {
  CHECK(line_with_id(plain(R"({"a":1})")) == R"({"request_id":"r-1","a":1})");
  CHECK(line_with_id(plain(R"({ "a":{"requestId":"inner"}, "b":["}"] })")) ==
        R"({"request_id":"r-1", "a":{"requestId":"inner"}, "b":["}"] })");
  CHECK(line_with_id(plain("{}")) == R"({"request_id":"r-1"})");
  CHECK(line_with_id(plain("{ }\n")) == R"({"request_id":"r-1" })");
  CHECK(line_with_id(token(R"({\"a\":\"x\\\"}\"}\n)")) == R"({"request_id":"r-1","a":"x\"}"})");
  CHECK(line_with_id(plain(R"({"a":1})"), "q\"\x01") == R"({"request_id":"q\"\u0001","a":1})");
}

TEST_CASE("an_object_with_a_request_id_is_left_alone") {
  for (const std::string_view line :
       {R"({"requestId":"x","a":1})", R"({"a":1,"AWSRequestId":"x"})", R"({"request_id":null})",
        R"({"aws_request_id":"x"})", R"({ "a" : [1,{}] , "awsRequestId" : "x" })"}) {
    CHECK(line_with_id(plain(line)) == line);
  }
}

TEST_CASE("what_only_looks_like_an_object_is_text") {
  for (const std::string_view line : {"{", "{foo} bar", R"({"a":1} trailing)", R"({"a":1)", R"({"a" 1})", R"({"a":1,})",
                                      R"({"a":"open)", R"( {"a":1})", R"({"a":1])", R"({,})"}) {
    CHECK(line_with_id(plain(line)) == "[request_id=r-1] " + std::string(line));
  }
}

TEST_CASE("an_object_may_begin_in_the_prefix") {
  Record record = plain(R"("requestId":"r","x":{}})");
  record.form = TextForm::kJsonValue;
  record.prefix = R"({"type":"platform.report",)";
  CHECK(line_with_id(record) == std::string(record.prefix) + std::string(record.text));
  record.text = R"("x":{}})";
  CHECK(line_with_id(record) == R"({"request_id":"r-1","type":"platform.report","x":{}})");
}

TEST_CASE("only_the_first_part_of_a_long_line_carries_the_request_id") {
  const size_t limit = EntryWriter::kLineBytesMin;
  EntryWriter::Options options = kInLine;
  options.line_bytes_max = limit;
  const std::string id(1000, '\x01');
  for (const std::string& text : {std::string(3 * limit, 'x'), "{\"a\":\"" + std::string(3 * limit, 'x') + "\"}"}) {
    const std::vector<std::string> lines = lines_of(write_all(EntryWriter(options), with_request_id(plain(text), id)));
    for (const std::string& line : lines) CHECK(line.size() <= limit);
    CHECK(lines[0].find("request_id") != std::string::npos);
    CHECK(lines[1].find("request_id") == std::string::npos);
    const std::string all = joined(lines);
    const std::string_view tail = std::string_view(text).substr(1);
    CHECK(all.substr(all.size() - tail.size()) == tail);
  }
}

TEST_CASE("as_label_or_none_the_request_id_is_not_in_the_entry") {
  for (const RequestIdAs as : {RequestIdAs::kLabel, RequestIdAs::kNone}) {
    CHECK(write_one({.request_id_as = as}, with_request_id(plain("x"), "id")) ==
          R"(["1770000000123000007","x",{"log_type":"function"}],)");
  }
}

}  // namespace
}  // namespace sleipnir
