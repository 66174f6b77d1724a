// The table of variables as the README has it: names, default, accepted form, meaning.
//
// tests/checks/readme_variables builds and runs it; knows nothing but the table of the code.
#include <cstdio>
#include <string>

#include "app/config_texts.h"

namespace {

using namespace sleipnir;

std::string code(std::string_view text) {
  return std::string("`").append(text).append("`");
}

std::string escaped_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

int main() {
  puts("| variable (aliases) | default | accepted | meaning |\n|---|---|---|---|");
  for (const Variable& variable : variables()) {
    if (!variable.is_shown()) continue;
    std::string names = code(variable.name());
    std::string_view aliases = variable.names().substr(variable.name().size());
    const char* before = " (";
    while (!aliases.empty()) {
      aliases.remove_prefix(1);
      const std::string_view alias = aliases.substr(0, aliases.find(' '));
      names += before + code(alias);
      aliases.remove_prefix(alias.size());
      before = ", ";
    }
    if (*before == ',') names += ')';
    TextStore texts;
    const BorrowedText value = default_text(variable, texts);
    const std::string shown = *variable.default_note() != '\0' ? variable.default_note()
                              : value.empty()                  ? ""
                                                               : code(value);
    printf("| %s | %s | %s | %s |\n", names.c_str(), shown.c_str(),
           escaped_cell(accepted_form(variable, texts)).c_str(), escaped_cell(variable.meaning()).c_str());
  }
  return 0;
}
