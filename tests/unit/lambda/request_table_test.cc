#include "lambda/request_table.h"

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

TEST_CASE("request_that_takes_a_slot_over_inherits_nothing") {
  RequestTable table;
  // Ids that begin alike share a slot.
  table.put("same-head-1").trace_id.assign("t");
  table.put("same-head-2");
  CHECK(table.find("same-head-1") == nullptr);
  REQUIRE(table.find("same-head-2") != nullptr);
  CHECK(table.find("same-head-2")->trace_id.empty());
}

TEST_CASE("requests_with_random_ids_spread_over_the_table") {
  RequestTable table;
  uint64_t random = 1;
  std::string ids[16];
  for (std::string& id : ids) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    char text[40];
    snprintf(text, sizeof text, "%08x-0000-4000-8000-000000000001", static_cast<unsigned>(random >> 32));
    id = text;
    table.put(id);
  }
  int found = 0;
  for (const std::string& id : ids) found += table.find(id) != nullptr;
  CHECK(found >= 11);
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
