#include "lambda/request_table.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>

namespace sleipnir {
namespace {

TEST_CASE("request_is_found_again_with_what_was_told_of_it") {
  RequestTable table;
  CHECK(table.find("0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11") == nullptr);
  CHECK(table.find("") == nullptr);
  table.put("0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11").tenant_id.assign("acme");
  CHECK(table.put("0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11").tenant_id == "acme");
  const RequestTable::Request* request = table.find("0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11");
  REQUIRE(request != nullptr);
  CHECK(request->tenant_id == "acme");
}

std::string numbered(int number) {
  char text[40];
  snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000001", static_cast<unsigned>(number));
  return text;
}

TEST_CASE("the_last_64_requests_are_known_whatever_their_ids") {
  RequestTable table;
  for (int i = 0; i < 200; i++) {
    table.put(numbered(i)).trace_id.assign(numbered(i).substr(0, 8));
    for (int known = std::max(0, i - 63); known <= i; known++) {
      const RequestTable::Request* request = table.find(numbered(known));
      REQUIRE(request != nullptr);
      REQUIRE(request->trace_id == numbered(known).substr(0, 8));
    }
    if (i >= 64) REQUIRE(table.find(numbered(i - 64)) == nullptr);
  }
}

TEST_CASE("request_that_takes_a_slot_over_inherits_nothing") {
  RequestTable table;
  for (int i = 0; i < 64; i++) {
    RequestTable::Request& request = table.put(numbered(i));
    request.trace_id.assign("t");
    request.tenant_id.assign("acme");
  }
  for (int i = 64; i < 128; i++) {
    const RequestTable::Request& request = table.put(numbered(i));
    CHECK(request.trace_id.empty());
    CHECK(request.tenant_id.empty());
  }
}

TEST_CASE("request_put_again_keeps_its_place") {
  RequestTable table;
  table.put("first");
  for (int i = 0; i < 63; i++) {
    table.put(numbered(i));
    table.put("first");
  }
  REQUIRE(table.find("first") != nullptr);
  table.put("one more");
  CHECK(table.find("first") == nullptr);
}

TEST_CASE("ids_of_every_length_can_be_put") {
  RequestTable table;
  for (size_t bytes = 1; bytes <= kRequestIdBytesMax; ++bytes) {
    const std::string id(bytes, 'x');
    table.put(id);
    REQUIRE(table.find(id) != nullptr);
  }
}

}  // namespace
}  // namespace sleipnir
