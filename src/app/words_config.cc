#include "app/config_settings.h"
#include "app/config_texts.h"
#include "app/words.h"
#include "app/words_print.h"

namespace sleipnir {

namespace {

// How long a secret is, roughly: enough to see that the wrong one or half of one was set, too little to help guessing.
const char* length_class(size_t bytes) {
  if (bytes < 8) return "under 8 bytes";
  if (bytes < 20) return "8 to 19 bytes";
  if (bytes < 50) return "20 to 49 bytes";
  if (bytes < 200) return "50 to 199 bytes";
  return "200 bytes or more";
}

Shown shown_value(const Config& config, const Variable& variable, const Setting& setting) {
  TextStore texts;
  if (variable.secrecy == Secrecy::kSecret && setting) {
    return Shown(texts.keep({"**** (", length_class(setting.value.size()), ")"}));
  }
  const bool as_written = variable.field().kind == Field::Kind::kOther && variable.field().other == nullptr;
  BorrowedText text = as_written ? setting.value : effective_text(config, variable, texts);
  if (text.empty() && !setting) text = variable.default_note();
  return Shown(text.empty() ? "-" : text);
}

void print_row(const Config& config, const Variable& variable, const Setting& setting) {
  print("  %-30s %-40s %s\n", Shown(variable.name()).text(), shown_value(config, variable, setting).text(),
        Shown(setting ? setting.name : "default").text());
}

void print_label_variables(const Settings& settings) {
  Environment rest = settings.label_variables();
  for (Setting setting; (setting = Settings::next_label_variable(rest));) {
    print("  %-30s %-40s %s\n", Shown(setting.name).text(), Shown(setting.value).text(), Shown(setting.name).text());
  }
}

// What the variables come to.
void print_outcome(const Config& config) {
  TextStore texts;
  print("\nPushes go to   %s\n",
        config.enabled() ? config.endpoint->url(texts).c_str() : "nowhere, Sleipnir does nothing");
  if (config.proxy) print("through        http://%s\n", config.proxy->authority.c_str());
  if (config.authorization.empty()) {
    print("authorization  none\n");
  } else {
    const char* const scheme = config.authorization.starts_with("Basic ")    ? "Basic, "
                               : config.authorization.starts_with("Bearer ") ? "Bearer, "
                                                                             : "";
    print("authorization  %sfrom %s\n", scheme, config.authorization_source.c_str());
  }
  for (const SecretSource& source : config.secrets) {
    print("secret         %s: %s, from %s\n", source.variable, source.reference.c_str(),
          source.service.endpoint.url(texts).c_str());
  }
  if (config.dead_letter) print("dead letter    %s\n", config.dead_letter->endpoint.url(texts).c_str());
  if (!config.tenant_id.empty()) print("tenant         %s\n", config.tenant_id.c_str());
  for (const NameValue& header : config.headers) print("header         %s: ****\n", header.name.c_str());
  for (const NameValue& label : config.labels) {
    print("label          %s=%s\n", Shown(label.name).text(), Shown(label.value).text());
  }
}

}  // namespace

int run_config_word(Environment environment, std::span<const char* const> arguments) {
  if (!arguments.empty()) {
    print_error("usage: sleipnir config\n");
    return 2;
  }

  const Config config = load_config(environment);
  // Which name set what is not kept in Config; its complaints are already in it.
  std::vector<ConfigProblem> repeated;
  TextStore texts;
  Problems ignored(repeated, texts);
  const Settings settings(environment, ignored);

  print("  %-30s %-40s %s\n", "VARIABLE", "VALUE", "SET BY");
  for (size_t row = 0; row < variables().size(); row++) {
    const Variable& variable = variables()[row];
    if (!variable.is_shown()) continue;
    print_row(config, variable, settings[row]);
    if (variable.names().starts_with(kLabelPrefix)) print_label_variables(settings);
  }
  print_outcome(config);

  if (!config.problems.empty()) print("\n");
  for (const ConfigProblem& problem : config.problems) {
    print("%s: %s\n", problem.severity == Severity::kError ? "error" : "warning", problem.text.c_str());
  }
  return config.has_errors() ? 1 : 0;
}

}  // namespace sleipnir
