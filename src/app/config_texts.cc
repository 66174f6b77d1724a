#include "app/config_texts.h"

#include <cstdio>
#include <string_view>

namespace sleipnir {

namespace {

// "a, b or c" of "|a|b|c".
std::string spoken_words(std::string_view words) {
  std::string text;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('|'));
    words.remove_prefix(word.size());
    const bool last = words.empty();
    if (!last) words.remove_prefix(1);
    if (word.empty()) continue;
    if (!text.empty()) text += last ? " or " : ", ";
    text += word;
  }
  return text;
}

std::string number_text(uint64_t number) {
  char text[24];
  snprintf(text, sizeof(text), "%llu", static_cast<unsigned long long>(number));
  return text;
}

std::string_view word_at(std::string_view words, size_t index) {
  for (; index != 0; index--) {
    const size_t bar = words.find('|');
    if (bar == std::string_view::npos) return {};
    words.remove_prefix(bar + 1);
  }
  return words.substr(0, words.find('|'));
}

}  // namespace

std::string effective_text(const Config& config, const Variable& variable) {
  const Field& field = variable.field();
  switch (field.kind) {
    case Field::Kind::kFlag: return config.*field.flag ? "true" : "false";
    case Field::Kind::kCount: return number_text(config.*field.count);
    case Field::Kind::kPort: return number_text(config.*field.port);
    case Field::Kind::kDuration: return number_text(static_cast<uint64_t>((config.*field.duration).count()));
    case Field::Kind::kText: return config.*field.text;
    case Field::Kind::kChoice:
      // Only read.
      return std::string(word_at(variable.form(), field.choice(const_cast<Config&>(config))));
    case Field::Kind::kOther: return field.other == nullptr ? std::string() : field.other(config);
  }
  return {};
}

std::string default_text(const Variable& variable) {
  return effective_text(Config{}, variable);
}

std::string accepted_form(const Variable& variable) {
  switch (variable.field().kind) {
    case Field::Kind::kFlag: return "true or false";
    case Field::Kind::kCount:
    case Field::Kind::kPort:
    case Field::Kind::kDuration: {
      char text[80];
      snprintf(text, sizeof(text), "%llu to %llu%s%s", static_cast<unsigned long long>(variable.range().least),
               static_cast<unsigned long long>(variable.range().most), *variable.form() == '\0' ? "" : " ",
               variable.form());
      return text;
    }
    case Field::Kind::kChoice: return spoken_words(variable.form());
    case Field::Kind::kText:
    case Field::Kind::kOther: return variable.form();
  }
  return {};
}

}  // namespace sleipnir
