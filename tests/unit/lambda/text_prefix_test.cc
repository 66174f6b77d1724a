#include "lambda/text_prefix.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support/exact_bytes.h"

namespace sleipnir {
namespace {

constexpr std::string_view kId = "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11";

void check(const std::string& text, std::string_view id, std::string_view level, std::string_view message) {
  const test::ExactBytes bytes(text);
  const TextPrefix prefix = read_text_prefix(bytes.view());
  CAPTURE(text);
  CHECK(prefix.request_id == id);
  CHECK(prefix.level_name == level);
  CHECK(prefix.message == message);
}

TEST_CASE("prefix_of_python_gives_level_and_request_id") {
  check(R"([INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart loaded\n)", kId, "INFO",
        R"(cart loaded\n)");
  check(R"([WARNING]\t2026-11-20T08:00:00.529Z\t\tduring init)", "", "WARNING", "during init");
}

TEST_CASE("prefix_of_node_and_dotnet_gives_level_and_request_id") {
  check(R"(2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tERROR\tInvoke Error \t{})", kId, "ERROR",
        R"(Invoke Error \t{})");
  check(R"(2026-11-20T08:00:00.529Z\tundefined\tINFO\tduring init)", "", "INFO", "during init");
  check(R"(2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tinfo\tcart loaded)", kId, "info",
        "cart loaded");
  check(R"(2026-11-20T08:00:00.529123456+01:00\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tWARN\tx)", kId, "WARN", "x");
}

TEST_CASE("prefix_of_zap_gives_the_level_alone") {
  check(R"(2026-11-20T08:00:00.529Z\tINFO\tcart/load.go:12\tloaded)", "", "INFO", R"(cart/load.go:12\tloaded)");
}

TEST_CASE("prefix_of_a_node_line_without_a_level_gives_the_id") {
  check(R"(2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart loaded)", kId, "", "cart loaded");
}

TEST_CASE("prefix_with_spaces_gives_the_request_id") {
  check("2026-11-20 08:00:00 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 INFO  Handler:25 - loaded", kId, "",
        "INFO  Handler:25 - loaded");
  check("2026-11-20T08:00:03.530Z 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 Task timed out after 3.00 seconds", kId, "",
        "Task timed out after 3.00 seconds");
  const std::string runtime = "RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 Error: Runtime exited";
  check(runtime, kId, "", runtime);
}

TEST_CASE("text_without_a_prefix_is_all_message") {
  for (const std::string text :
       {"", "cart loaded", "[main] loaded", "[INFO] 2026-11-20 no tabs here at all",
        R"([INFO]\tnot a time\t0b6f3c1e\tx)", R"([INFO]\t2026-11-20T08:00:00.529Z)",
        R"([INFO]\t2026-11-20T08:00:00.529Z\tno third tab)", "2026-11-20T08:00:00.529Z",
        "2026-11-20T08:00:00.529Z plain message that is long enough to hold an id",
        R"(2026-11-20T08:00:00.529Z\nnext line)", "12345678901234567890 no time", "RequestId: 0b6f3c1e-5a55",
        R"([INFO\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tx)",
        R"(2026-11-20T08:00:00.529Z\t)"}) {
    check(text, "", "", text);
  }
}

TEST_CASE("an_id_that_is_no_uuid_is_not_taken") {
  check(R"([INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a1x\tx)", "", "INFO", "x");
  check(R"([INFO]\t2026-11-20T08:00:00.529Z\tMainThread\tx)", "", "INFO", "x");
}

TEST_CASE("prefix_cut_off_anywhere_is_read_without_harm") {
  for (const std::string text :
       {R"([INFO]\t2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tcart loaded)",
        R"(2026-11-20T08:00:00.529Z\t0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11\tERROR\tcart)",
        "2026-11-20 08:00:00 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 INFO",
        "RequestId: 0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11 E"}) {
    for (size_t length = 0; length <= text.size(); ++length) {
      const test::ExactBytes bytes(text.substr(0, length));
      const TextPrefix prefix = read_text_prefix(bytes.view());
      REQUIRE(prefix.message.size() <= length);
      REQUIRE((prefix.request_id.empty() || prefix.request_id == kId));
    }
  }
}

}  // namespace
}  // namespace sleipnir
