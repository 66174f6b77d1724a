#include "app/config_texts.h"
#include "app/words.h"
#include "app/words_print.h"

namespace sleipnir {

namespace {

constexpr char kUsage[] =
    "Sleipnir ships the logs and platform events of an AWS Lambda function to Grafana Loki.\n"
    "As a Lambda layer it needs no arguments: Lambda starts it beside the function.\n"
    "\n"
    "Usage: sleipnir                     the extension (inside Lambda)\n"
    "       sleipnir config              the effective configuration and every error in it\n"
    "       sleipnir check [--json]      pushes one line, and says of each step on the way what to change\n"
    "       sleipnir replay [--restamp] FILE...\n"
    "                                    sends spool files and dead letters to Loki; - is standard input\n"
    "       sleipnir --help | --version\n"
    "\n"
    "Everything is configured by environment variables. LOKI_ENDPOINT alone is enough.\n";

void print_variable(const Variable& variable) {
  TextStore texts;
  const std::string_view name = variable.name();
  print("\n  %.*s", static_cast<int>(name.size()), name.data());
  const std::string_view aliases = variable.names().substr(name.size());
  if (!aliases.empty()) print(" (or%.*s)", static_cast<int>(aliases.size()), aliases.data());
  print("\n      %s\n      %s", variable.meaning(), accepted_form(variable, texts).c_str());
  const BorrowedText text = *variable.default_note() != '\0' ? variable.default_note() : default_text(variable, texts);
  if (!text.empty()) print("; default: %s", text.c_str());
  print("\n");
}

}  // namespace

int print_help() {
  print("%s", kUsage);
  for (const Variable& variable : variables()) {
    if (variable.is_shown()) print_variable(variable);
  }
  return 0;
}

}  // namespace sleipnir
