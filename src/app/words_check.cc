#include <algorithm>

#include "app/check.h"
#include "app/config_settings.h"
#include "app/words.h"
#include "app/words_print.h"
#include "base/kept_json.h"
#include "base/log.h"

namespace sleipnir {

namespace {

CheckNames names_in(const Settings& settings, TextStore& texts) {
  CheckNames names;
  if (const Setting& endpoint = settings["LOKI_ENDPOINT"]) names.endpoint = texts.keep({endpoint.name});
  if (const Setting& proxy = settings["LOKI_PROXY"]) names.proxy = texts.keep({proxy.name});
  return names;
}

// In tenths of a millisecond: what prints has no fractions.
long long tenths(Nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count() / 100;
}

// One line a step; what to change stands under it, a line for each thing.
void print_for_people(const CheckStep& step) {
  const long long time = tenths(step.took);
  print("%-8s  %-13s  ", result_name(step.result), step.name);
  if (step.result == CheckStep::Result::kSkipped) {
    print("%9s", "");
  } else {
    print("%4lld.%lld ms", time / 10, time % 10);
  }
  print("  %s\n", step.finding.found().c_str());
  for (std::string_view rest = step.finding.fix(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    print("%36s  -> %.*s\n", "", static_cast<int>(line.size()), line.data());
  }
}

void print_json_string(const char* name, std::string_view text) {
  TextStore texts;
  print(",\"%s\":\"%s\"", name, escaped_json(text, texts).c_str());
}

void print_json(std::span<const CheckStep> steps, bool ok) {
  print("{\"ok\":%s,\"steps\":[", ok ? "true" : "false");
  for (const CheckStep& step : steps) {
    const long long time = tenths(step.took);
    print("%s{\"step\":\"%s\",\"result\":\"%s\",\"ms\":%lld.%lld", &step == steps.data() ? "" : ",", step.name,
          result_name(step.result), time / 10, time % 10);
    print_json_string("found", step.finding.found());
    print_json_string("fix", step.finding.fix());
    print("}");
  }
  print("]}\n");
}

}  // namespace

int run_check_word(Environment environment, std::span<const char* const> arguments) {
  const bool json = arguments.size() == 1 && std::string_view(arguments[0]) == "--json";
  if (!arguments.empty() && !json) {
    print_error("usage: sleipnir check [--json]\n");
    return 2;
  }
  Config config = load_config(environment);
  // Which names set what is not kept in Config; its complaints are already in it.
  std::vector<ConfigProblem> repeated;
  TextStore texts;
  Problems ignored(repeated, texts);
  const CheckNames names = names_in(Settings(environment, ignored), texts);
  Result<LinuxKernel> kernel = LinuxKernel::create();
  if (!kernel) {
    print_error("sleipnir: %s\n", kernel.error().text());
    return 1;
  }
  // The steps say it all.
  set_log_level(LogLevel::kError);
  Check check(config, names, kernel.value());
  const std::span<const CheckStep> steps = check.run();
  const bool ok = std::none_of(steps.begin(), steps.end(),
                               [](const CheckStep& step) { return step.result == CheckStep::Result::kFailed; });
  if (json) {
    print_json(steps, ok);
  } else {
    for (const CheckStep& step : steps) print_for_people(step);
  }
  return ok ? 0 : 1;
}

}  // namespace sleipnir
