#include <unistd.h>
#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <string>

#include "app/config_table.h"
#include "app/words.h"
#include "support/environment.h"

namespace sleipnir {

using test::TestEnvironment;

namespace {

struct Printed {
  int exit_code = -1;
  std::string text;
};

// What `word` writes to stdout. Descriptor 1 is a file meanwhile; nothing else runs in this process.
template <typename Word>
Printed printed_by(Word word) {
  fflush(stdout);
  FILE* file = tmpfile();
  REQUIRE(file != nullptr);
  const int saved = dup(STDOUT_FILENO);
  REQUIRE(dup2(fileno(file), STDOUT_FILENO) == STDOUT_FILENO);
  Printed printed;
  printed.exit_code = word();
  fflush(stdout);
  dup2(saved, STDOUT_FILENO);
  close(saved);
  rewind(file);
  char buffer[4096];
  for (size_t bytes; (bytes = fread(buffer, 1, sizeof(buffer), file)) != 0;) printed.text.append(buffer, bytes);
  fclose(file);
  return printed;
}

Printed config_word(std::vector<std::string> entries, std::vector<const char*> arguments = {}) {
  const TestEnvironment environment(std::move(entries));
  return printed_by([&] { return run_config_word(environment.environment(), arguments); });
}

// The line that begins with the variable's name, runs of spaces as one.
std::string line_of(const Printed& printed, const std::string& name) {
  size_t at = printed.text.find("  " + name + " ");
  if (at == std::string::npos) return "no line";
  std::string line;
  for (; printed.text[at] != '\n'; at++) {
    if (printed.text[at] != ' ' || (!line.empty() && line.back() != ' ')) line += printed.text[at];
  }
  return line;
}

}  // namespace

TEST_CASE("config_shows_each_value_with_the_name_that_set_it") {
  const Printed printed = config_word({"LOKI_URL=https://h/base", "LOKI_FLUSH_BUDGET_MS=70", "OTEL_LABEL_TEAM=shop",
                                       "AWS_LAMBDA_FUNCTION_NAME=orders"});
  CHECK(printed.exit_code == 0);
  CHECK(line_of(printed, "LOKI_ENDPOINT") == "LOKI_ENDPOINT https://h/base/loki/api/v1/push LOKI_URL");
  CHECK(line_of(printed, "LOKI_FLUSH_BUDGET_MS") == "LOKI_FLUSH_BUDGET_MS 70 LOKI_FLUSH_BUDGET_MS");
  CHECK(line_of(printed, "LOKI_MAX_RETRIES") == "LOKI_MAX_RETRIES 3 default");
  CHECK(line_of(printed, "OTEL_LABEL_TEAM") == "OTEL_LABEL_TEAM shop OTEL_LABEL_TEAM");
  CHECK(line_of(printed, "SERVICE_NAME") == "SERVICE_NAME orders default");
  CHECK(printed.text.find("Pushes go to   https://h/base/loki/api/v1/push\n") != std::string::npos);
  CHECK(printed.text.find("authorization  none\n") != std::string::npos);
  CHECK(printed.text.find("error:") == std::string::npos);
}

TEST_CASE("config_shows_every_documented_variable") {
  const Printed printed = config_word({});
  for (const Variable& variable : variables()) {
    CAPTURE(variable.names());
    CHECK((line_of(printed, std::string(variable.name())) != "no line") == (variable.is_shown()));
  }
}

TEST_CASE("config_shows_no_secret_but_how_long_it_is") {
  const Printed printed =
      config_word({"LOKI_URL=https://me:hunter2-url@h", "LOKI_AUTH_TOKEN=hunter2-token", "LOKI_API_KEY=hunter2",
                   "LOKI_PASSWORD=hunter2" + std::string(80, 'x'), R"(LOKI_HEADERS={"X-Key":"hunter2"})",
                   "LOKI_PROXY=http://me:hunter2-proxy@p:1", "AWS_SECRET_ACCESS_KEY=hunter2"});
  CHECK(printed.text.find("hunter2") == std::string::npos);
  CHECK(line_of(printed, "LOKI_AUTH_TOKEN") == "LOKI_AUTH_TOKEN **** (8 to 19 bytes) LOKI_AUTH_TOKEN");
  CHECK(line_of(printed, "LOKI_API_KEY") == "LOKI_API_KEY **** (under 8 bytes) LOKI_API_KEY");
  CHECK(line_of(printed, "LOKI_PASSWORD") == "LOKI_PASSWORD **** (50 to 199 bytes) LOKI_PASSWORD");
  CHECK(line_of(printed, "LOKI_PROXY") == "LOKI_PROXY http://p:1 LOKI_PROXY");
  CHECK(printed.text.find("authorization  Bearer, from LOKI_AUTH_TOKEN\n") != std::string::npos);
  CHECK(printed.text.find("header         X-Key: ****\n") != std::string::npos);
}

TEST_CASE("config_shows_no_secret_of_an_unusable_url_either") {
  const Printed printed = config_word({"LOKI_URL=https://me:hunter2@h:x", "LOKI_PROXY=socks5://me:hunter2@p:1"});
  CHECK(printed.exit_code == 1);
  CHECK(printed.text.find("hunter2") == std::string::npos);
}

TEST_CASE("config_ends_with_every_problem_and_fails_only_for_errors") {
  const Printed warned = config_word({"LOKI_URL=https://h", "LOKI_FLUSH_BUDGET_MS=70000"});
  CHECK(warned.exit_code == 0);
  CHECK(warned.text.find("\nwarning: LOKI_FLUSH_BUDGET_MS=70000") != std::string::npos);

  const Printed failed = config_word({"LOKI_STRICT=maybe", "LOKI_GZIP=1", "LOKI_LABELS=x"});
  CHECK(failed.exit_code == 1);
  CHECK(failed.text.find("\nerror: LOKI_STRICT=maybe") != std::string::npos);
  CHECK(failed.text.find("\nwarning: LOKI_GZIP") != std::string::npos);
  CHECK(failed.text.find("\nerror: LOKI_LABELS=x") != std::string::npos);
  CHECK(failed.text.find("\nerror: LOKI_ENDPOINT is not set") != std::string::npos);
  CHECK(failed.text.find("Pushes go to   nowhere") != std::string::npos);
}

TEST_CASE("config_refuses_arguments_it_does_not_know") {
  CHECK(config_word({}, {"--json"}).exit_code == 2);
}

TEST_CASE("help_names_every_word_and_every_variable") {
  const Printed printed = printed_by([] { return print_help(); });
  CHECK(printed.exit_code == 0);
  for (const char* word : {"config", "--help", "--version"}) {
    CAPTURE(word);
    CHECK(printed.text.find(word) != std::string::npos);
  }
  for (const VariableName& name : variable_names()) {
    CAPTURE(name.name());
    const bool documented = variables()[name.row].is_shown();
    CHECK((printed.text.find(name.name()) != std::string::npos) == documented);
  }
}

}  // namespace sleipnir
