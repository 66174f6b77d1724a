#include "lambda/telemetry_scanner.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

using test::ExactBytes;

// What a scan gave, one word each: "type=record", "bad"; "loop" if it does not come to its end.
using Scan = std::vector<std::string>;

Scan scan(const std::string& body) {
  const ExactBytes bytes(body);
  TelemetryScanner scanner(bytes.view());
  Scan found;
  TelemetryElement element;
  size_t offset = 0;
  for (;;) {
    const ScanOutcome outcome = scanner.next(element);
    if (outcome == ScanOutcome::kEnd) break;
    if (outcome == ScanOutcome::kMalformed) {
      found.push_back("bad");
      CHECK(element.type.empty());
      CHECK(element.record.empty());
    } else {
      found.push_back(std::string(element.type) + "=" + std::string(element.record));
      CHECK(scanner.offset() > offset);
    }
    CHECK(scanner.offset() >= offset);
    CHECK(scanner.offset() <= body.size());
    offset = scanner.offset();
    if (found.size() > body.size() + 1) {
      found.push_back("loop");
      break;
    }
  }
  CHECK(scanner.next(element) == ScanOutcome::kEnd);
  return found;
}

const std::string kTime = "2026-11-20T08:00:00.530Z";

std::string event(const std::string& type, const std::string& record) {
  return R"({"time":")" + kTime + R"(","type":")" + type + R"(","record":)" + record + "}";
}

TEST_CASE("scanner_yields_the_spans_of_each_element") {
  const std::string body =
      "[" + event("function", R"("one\n")") + "," + event("platform.start", R"({"requestId":"r"})") + "]";
  TelemetryScanner scanner(body);
  TelemetryElement element;
  REQUIRE(scanner.next(element) == ScanOutcome::kElement);
  CHECK(element.time == kTime);
  CHECK(element.type == "function");
  CHECK(element.record == R"("one\n")");
  REQUIRE(scanner.next(element) == ScanOutcome::kElement);
  CHECK(element.time == kTime);
  CHECK(element.type == "platform.start");
  CHECK(element.record == R"({"requestId":"r"})");
  CHECK(scanner.next(element) == ScanOutcome::kEnd);
  CHECK(element.record.empty());
  CHECK(scanner.next(element) == ScanOutcome::kEnd);
}

TEST_CASE("scanner_takes_records_of_every_json_type") {
  for (const std::string record : {R"("")", R"("a\"]}")", "{}", "[]", R"([{"a":[]}])", "null", "true", "-1.5e3", "0"}) {
    CAPTURE(record);
    CHECK(scan("[" + event("function", record) + "]") == Scan{"function=" + record});
  }
}

TEST_CASE("scanner_takes_keys_in_any_order_with_any_white_space_and_skips_unknown_ones") {
  const std::string orders[] = {
      R"([{"record":"x","type":"t","time":"z"}])",
      R"([{"type":"t","record":"x"}])",
      R"([{"type":"t","time":"z","record":"x"}])",
      " \t\r\n[ \n{ \"time\" : \"z\" , \"more\" : { \"type\" : \"no\" } ,\t\"type\"\n: \"t\" , \"record\" :\r\"x\" , "
      "\"n\" : [ 1 , 2 ] } \n] \n",
      R"([{"time":")" + kTime + R"(","type":"t","record":"x","extra":null}])",
      R"([{"time":")" + kTime + "\",\"type\":\"t\",\"record\": \"x\" }]",
      R"([{"time":")" + kTime + R"(","type":"t" ,"record":"x"}])",
      R"([{"\u0074ime":"z","t\u0079pe":"t","recor\u0064":"x"}])",
      R"([{"types":"no","typ":"no","records":"no","timely":"no","":"no","type":"t","record":"x"}])",
  };
  for (const std::string& body : orders) {
    CAPTURE(body);
    CHECK(scan(body) == Scan{"t=\"x\""});
  }
}

TEST_CASE("scanner_takes_the_first_of_two_equal_keys") {
  CHECK(scan(R"([{"type":"a","type":"b","record":1,"record":2}])") == Scan{"a=1"});
}

TEST_CASE("scanner_leaves_a_time_or_type_that_is_no_string_empty") {
  CHECK(scan(R"([{"time":5,"type":null,"record":"x"}])") == Scan{"=\"x\""});
  CHECK(scan(R"([{"type":"platform.new"}])") == Scan{"platform.new="});
}

TEST_CASE("scanner_finds_no_element_in_an_empty_array") {
  CHECK(scan("[]") == Scan{});
  CHECK(scan(" [ \n ] ") == Scan{});
}

TEST_CASE("scanner_takes_a_single_object_and_objects_and_arrays_in_a_row") {
  CHECK(scan(event("a", "1")) == Scan{"a=1"});
  CHECK(scan(event("a", "1") + "\n" + event("b", "2") + "\r\n") == Scan{"a=1", "b=2"});
  CHECK(scan(event("a", "1") + event("b", "2")) == Scan{"a=1", "b=2"});
  CHECK(scan("[" + event("a", "1") + "]\n[" + event("b", "2") + "]\n" + event("c", "3")) == Scan{"a=1", "b=2", "c=3"});
}

TEST_CASE("scanner_reports_a_body_that_is_no_telemetry_once") {
  for (const std::string body : {"", "   \n", "hello", "\"text\"", "42", "null", "<html></html>", "\xff\xfe", "[", "{",
                                 "]", "}", "[{", "[\"", "{\"time\":", "\xef\xbb\xbf[]"}) {
    CAPTURE(body);
    CHECK(scan(body) == Scan{"bad"});
  }
  CHECK(scan(std::string(1, '\0')) == Scan{"bad"});
}

TEST_CASE("scanner_counts_each_array_member_that_is_no_element") {
  CHECK(scan(R"([1,"two",null,[3],{},{"a":1},)" + event("a", "1") + "]") ==
        Scan{"bad", "bad", "bad", "bad", "bad", "bad", "a=1"});
}

TEST_CASE("scanner_reports_no_loss_for_a_comma_too_many_or_too_few") {
  CHECK(scan("[," + event("a", "1") + ",," + event("b", "2") + event("c", "3") + ",]") == Scan{"a=1", "b=2", "c=3"});
}

TEST_CASE("scanner_keeps_the_elements_around_a_malformed_one") {
  const std::string good = event("a", R"({"x":[1,2,{"y":"z"}]})"), last = event("b", R"("end")");
  const Scan expected = {R"(a={"x":[1,2,{"y":"z"}]})", "bad", R"(b="end")"};
  const std::string broken[] = {
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":"unterminated)",
      "{\"time\":\"2026-11-20T08:00:00.530Z\",\"type\":\"function\",\"record\":\"control \x01 character\"}",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":"bad \x escape"})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":{"a":1})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":{"a":1}}})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":{"a":[1})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":nil})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record":})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":"function","record"})",
      R"({"time":"2026-11-20T08:00:00.530Z" "type":"function","record":1})",
      R"({"time":"2026-11-20T08:00:00.530Z","type":)",
      R"({time:"2026-11-20T08:00:00.530Z"})",
      "undefined",
      "{\"time\":\"2026-11-20T08:00:00.\"30Z\",\"type\":\"function\",\"record\":1}",
  };
  for (const std::string& bad : broken) {
    CAPTURE(bad);
    const Scan found = scan("[" + good + "," + bad + "," + last + "]");
    if (bad.ends_with("}}}")) {
      // One brace too many: the element itself is good.
      CHECK(found == Scan{expected[0], R"(function={"a":1})", "bad", expected[2]});
    } else {
      CHECK(found == expected);
    }
  }
}

TEST_CASE("scanner_does_not_take_an_object_of_a_broken_record_for_an_element") {
  const std::string body =
      R"([{"time":"z","type":"function","record":{"bad":"\x","list":[{"type":"circle","time":3},{"record":"vinyl"}]}},)" +
      event("a", "1") + "]";
  CHECK(scan(body) == Scan{"bad", "a=1"});
}

TEST_CASE("scanner_keeps_every_whole_element_of_a_body_cut_off_anywhere") {
  const std::string first = event("function", R"("one, with \"quotes\" and a \\ in it")"),
                    second = event("platform.report", R"({"a":{"b":[1,"}"]}})");
  const std::string body = "[" + first + "," + second + "]";
  for (size_t length = 0; length < body.size(); ++length) {
    CAPTURE(length);
    Scan expected;
    if (length >= 1 + first.size()) expected.push_back(R"(function="one, with \"quotes\" and a \\ in it")");
    if (length >= body.size() - 1) expected.push_back(R"(platform.report={"a":{"b":[1,"}"]}})");
    expected.push_back("bad");
    REQUIRE(scan(body.substr(0, length)) == expected);
  }
}

TEST_CASE("scanner_takes_a_body_damaged_at_any_byte_without_harm_and_keeps_what_is_far_from_it") {
  const std::string far = event("far", "1"), hit = event("function", R"({"k":"some text","n":[1,2,3]})");
  const std::string body = "[" + far + "," + hit + "," + far + "]";
  for (size_t place = far.size() + 2; place < far.size() + 2 + hit.size(); ++place) {
    for (const char byte : {'"', '\\', '{', '}', '[', ']', ',', ':', 'x', '\0', '\xff', '\n'}) {
      std::string damaged = body;
      damaged[place] = byte;
      CAPTURE(place, byte);
      const Scan found = scan(damaged);
      REQUIRE(found.size() <= 5);
      REQUIRE(std::count(found.begin(), found.end(), "far=1") == 2);
    }
  }
}

TEST_CASE("scanner_refuses_a_record_nested_beyond_the_limit_and_goes_on") {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  CHECK(scan("[" + event("a", deep) + "," + event("b", "2") + "]") == Scan{"bad", "b=2"});
  const std::string allowed = std::string(1000, '[') + std::string(1000, ']');
  CHECK(scan("[" + event("a", allowed) + "]") == Scan{"a=" + allowed});
}

TEST_CASE("scanner_gives_up_on_a_body_made_to_be_read_again_and_again") {
  // Each brace is a candidate that runs to the depth limit.
  std::string body = "[";
  while (body.size() < 1'000'000) body += "{\"a\":[";
  CHECK(scan(body) == Scan{"bad"});
}

TEST_CASE("scanner_can_be_left_and_resumed_between_elements") {
  std::string body = "[";
  for (int i = 0; i < 100; ++i) body += (i ? "," : "") + event("t", std::to_string(i));
  body += "]";
  TelemetryScanner scanner(body);
  for (int i = 0; i < 100; ++i) {
    TelemetryScanner elsewhere = scanner;  // a value: a copy goes on from the same place
    TelemetryElement element;
    REQUIRE(scanner.next(element) == ScanOutcome::kElement);
    CHECK(element.record == std::to_string(i));
    REQUIRE(elsewhere.next(element) == ScanOutcome::kElement);
    CHECK(element.record == std::to_string(i));
  }
}

}  // namespace
}  // namespace sleipnir
