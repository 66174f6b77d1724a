#include "app/config_texts.h"

#include <cstdio>
#include <string_view>

namespace sleipnir {

namespace {

// "a, b or c" of "|a|b|c".
BorrowedText spoken_words(std::string_view words, TextStore& texts) {
  BorrowedText text;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find('|'));
    words.remove_prefix(word.size());
    const bool last = words.empty();
    if (!last) words.remove_prefix(1);
    if (word.empty()) continue;
    text = texts.keep({text, text.empty() ? "" : last ? " or " : ", ", word});
  }
  return text;
}

BorrowedText number_text(uint64_t number, TextStore& texts) {
  char text[24];
  snprintf(text, sizeof(text), "%llu", static_cast<unsigned long long>(number));
  return texts.keep({text});
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

BorrowedText effective_text(const Config& config, const Variable& variable, TextStore& texts) {
  const Field& field = variable.field();
  switch (field.kind) {
    case Field::Kind::kFlag: return config.*field.flag ? "true" : "false";
    case Field::Kind::kCount: return number_text(config.*field.count, texts);
    case Field::Kind::kPort: return number_text(config.*field.port, texts);
    case Field::Kind::kDuration: return number_text(static_cast<uint64_t>((config.*field.duration).count()), texts);
    case Field::Kind::kText: return config.*field.text;
    case Field::Kind::kChoice:
      // Only read.
      return texts.keep({word_at(variable.form(), field.choice(const_cast<Config&>(config)))});
    case Field::Kind::kOther: return field.other == nullptr ? BorrowedText() : field.other(config, texts);
  }
  return {};
}

BorrowedText default_text(const Variable& variable, TextStore& texts) {
  return effective_text(Config{}, variable, texts);
}

BorrowedText accepted_form(const Variable& variable, TextStore& texts) {
  switch (variable.field().kind) {
    case Field::Kind::kFlag: return "true or false";
    case Field::Kind::kCount:
    case Field::Kind::kPort:
    case Field::Kind::kDuration: {
      char text[80];
      snprintf(text, sizeof(text), "%llu to %llu%s%s", static_cast<unsigned long long>(variable.range().least),
               static_cast<unsigned long long>(variable.range().most), *variable.form() == '\0' ? "" : " ",
               variable.form());
      return texts.keep({text});
    }
    case Field::Kind::kChoice: return spoken_words(variable.form(), texts);
    case Field::Kind::kText:
    case Field::Kind::kOther: return variable.form();
  }
  return {};
}

}  // namespace sleipnir
