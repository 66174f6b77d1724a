#include "net/dns_message.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace sleipnir {

namespace {

using Kind = DnsAnswer::Kind;

std::string query_for(std::string_view name, DnsType type = DnsType::kA, uint16_t id = 0x1234) {
  unsigned char out[kDnsQueryBytesMax];
  const size_t bytes = write_dns_query(out, id, name, type);
  return {reinterpret_cast<const char*>(out), bytes};
}

std::span<const unsigned char> bytes_of(const std::string& text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

std::string number16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

// A record of the answer: its name is a pointer to the question's.
std::string record(int type, std::string_view data, int of_class = 1) {
  return "\xc0\x0c" + number16(static_cast<size_t>(type)) + number16(static_cast<size_t>(of_class)) +
         std::string(4, '\0') + number16(data.size()) + std::string(data);
}

std::string answer_to(const std::string& query, const std::vector<std::string>& records, int outcome = 0,
                      bool truncated = false) {
  std::string answer = query;
  answer[2] = static_cast<char>(truncated ? 0x83 : 0x81);
  answer[3] = static_cast<char>(0x80 | outcome);
  answer[7] = static_cast<char>(records.size());
  for (const std::string& one : records) answer += one;
  return answer;
}

DnsAnswer read(const std::string& answer, const std::string& query) {
  return read_dns_answer(bytes_of(answer), bytes_of(query), 3100);
}

const std::string kOne("\x7f\0\0\1", 4);
const std::string kTwo("\xc0\0\2\7", 4);

}  // namespace

TEST_CASE("dns_query_has_one_question_and_asks_for_recursion") {
  using namespace std::string_literals;
  CHECK(query_for("ab.c") == "\x12\x34\x01\0\0\1\0\0\0\0\0\0\2ab\1c\0\0\1\0\1"s);
  CHECK(query_for("ab.c", DnsType::kAaaa) == "\x12\x34\x01\0\0\1\0\0\0\0\0\0\2ab\1c\0\0\x1c\0\1"s);
}

TEST_CASE("dns_query_is_not_made_for_what_is_no_name") {
  const std::string label(63, 'a');
  CHECK_FALSE(query_for(label).empty());
  CHECK(query_for(label + "a").empty());
  CHECK(query_for("").empty());
  CHECK(query_for(".").empty());
  CHECK(query_for(".a").empty());
  CHECK(query_for("a.").empty());
  CHECK(query_for("a..b").empty());
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  CHECK(query_for(longest).size() == kDnsQueryBytesMax);
  CHECK(query_for(longest + "b").empty());
}

TEST_CASE("dns_answer_gives_its_addresses_in_order") {
  const std::string query = query_for("loki.example");
  const DnsAnswer answer = read(answer_to(query, {record(1, kOne), record(1, kTwo)}), query);
  CHECK(answer.kind == Kind::kAddresses);
  CHECK_FALSE(answer.truncated);
  REQUIRE(answer.count == 2);
  CHECK(answer.addresses[0].text() == "127.0.0.1:3100");
  CHECK(answer.addresses[1].text() == "192.0.2.7:3100");
}

TEST_CASE("dns_answer_gives_ipv6_addresses") {
  const std::string query = query_for("loki.example", DnsType::kAaaa);
  const DnsAnswer answer =
      read(answer_to(query, {record(28, std::string("\x20\1\x0d\xb8", 4) + std::string(11, '\0') + "\1")}), query);
  REQUIRE(answer.count == 1);
  CHECK(answer.addresses[0].text() == "[2001:db8::1]:3100");
}

TEST_CASE("dns_answer_is_read_behind_aliases") {
  const std::string query = query_for("loki.example");
  const std::string alias = record(5, std::string("\1x\xc0\x0c", 4));
  std::string spelled = record(1, kTwo);
  spelled.replace(0, 2, std::string("\1x\xc0\x0c", 4));
  const DnsAnswer answer = read(answer_to(query, {alias, spelled}), query);
  REQUIRE(answer.count == 1);
  CHECK(answer.addresses[0].text() == "192.0.2.7:3100");
}

TEST_CASE("dns_answer_leaves_out_what_was_not_asked_for") {
  const std::string query = query_for("loki.example");
  const DnsAnswer answer = read(answer_to(query, {record(28, std::string(16, '\1')), record(1, kTwo, 3),
                                                  record(1, "12345"), record(1, "123"), record(1, kOne)}),
                                query);
  REQUIRE(answer.count == 1);
  CHECK(answer.addresses[0].text() == "127.0.0.1:3100");
}

TEST_CASE("dns_answer_without_an_address_of_this_type_is_an_answer") {
  const std::string query = query_for("loki.example");
  const DnsAnswer answer = read(answer_to(query, {}), query);
  CHECK(answer.kind == Kind::kAddresses);
  CHECK(answer.count == 0);
}

TEST_CASE("dns_answer_keeps_as_many_addresses_as_there_is_room_for") {
  const std::string query = query_for("loki.example");
  const DnsAnswer answer = read(answer_to(query, std::vector<std::string>(9, record(1, kOne))), query);
  CHECK(answer.count == Resolution::kAddressesMax);
}

TEST_CASE("dns_answer_tells_no_such_name_from_a_server_that_fails") {
  const std::string query = query_for("loki.example");
  CHECK(read(answer_to(query, {}, 3), query).kind == Kind::kNoSuchName);
  for (const int outcome : {1, 2, 4, 5}) CHECK(read(answer_to(query, {}, outcome), query).kind == Kind::kFailed);
}

TEST_CASE("dns_answer_says_that_it_is_truncated") {
  const std::string query = query_for("loki.example");
  const DnsAnswer answer = read(answer_to(query, {record(1, kOne)}, 0, true), query);
  CHECK(answer.truncated);
  CHECK(answer.count == 1);
}

TEST_CASE("dns_answer_to_another_query_is_foreign") {
  const std::string query = query_for("loki.example");
  const std::string good = answer_to(query, {record(1, kOne)});
  CHECK(read(answer_to(query_for("loki.example", DnsType::kA, 0x1235), {record(1, kOne)}), query).kind ==
        Kind::kForeign);
  CHECK(read(answer_to(query_for("luki.example"), {record(1, kOne)}), query).kind == Kind::kForeign);
  CHECK(read(answer_to(query_for("loki.example", DnsType::kAaaa), {record(1, kOne)}), query).kind == Kind::kForeign);
  CHECK(read(query, query).kind == Kind::kForeign);
  std::string two_questions = good;
  two_questions[5] = 2;
  CHECK(read(two_questions, query).kind == Kind::kForeign);
  CHECK(read("", query).kind == Kind::kForeign);
}

TEST_CASE("dns_answer_may_spell_the_name_in_other_letters") {
  const std::string query = query_for("loki.example");
  CHECK(read(answer_to(query_for("LoKi.eXample"), {record(1, kOne)}), query).count == 1);
}

TEST_CASE("dns_answer_cut_anywhere_gives_the_records_before_it") {
  const std::string query = query_for("loki.example");
  const std::string first = record(1, kOne);
  const std::string whole = answer_to(query, {first, record(1, kTwo)});
  for (size_t bytes = 0; bytes <= whole.size(); bytes++) {
    // Copied, so that a sanitizer sees a read behind the end.
    const std::vector<unsigned char> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(bytes));
    const DnsAnswer answer = read_dns_answer(cut, bytes_of(query), 1);
    const size_t expected = bytes == whole.size() ? 2u : bytes >= query.size() + first.size() ? 1u : 0u;
    CHECK(answer.count == expected);
    CHECK((answer.kind == Kind::kForeign) == (bytes < query.size()));
  }
}

}  // namespace sleipnir
