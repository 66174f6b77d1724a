// TestEnvironment: an environment written down in a test.
//
//   Config config = TestEnvironment({"LOKI_URL=https://loki.example.com"}).load();
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"

namespace sleipnir {

template <typename T, size_t N>
bool operator==(const FixedList<T, N>& list, const std::vector<T>& expected) {
  return std::equal(list.begin(), list.end(), expected.begin(), expected.end());
}

}  // namespace sleipnir

namespace sleipnir::test {

class TestEnvironment {
 public:
  explicit TestEnvironment(std::vector<std::string> entries) {
    for (std::string& entry : entries) pointers_.push_back(kept().emplace_back(std::move(entry)).c_str());
    pointers_.push_back(nullptr);
  }

  Environment environment() const { return {pointers_.data()}; }
  Config load() const { return load_config(environment()); }

 private:
  // A Config may outlive the object that it was read from, as it never does the process.
  static std::deque<std::string>& kept() {
    static std::deque<std::string> texts;
    return texts;
  }

  std::vector<const char*> pointers_;
};

// The environment with an endpoint that is nothing to complain about, and `entries`.
inline Config load_with(std::vector<std::string> entries) {
  entries.insert(entries.begin(), "LOKI_ENDPOINT=https://loki.example.com");
  return TestEnvironment(std::move(entries)).load();
}

// The texts of all problems, one a line: for INFO and for comparing whole.
inline std::string problem_texts(const Config& config) {
  std::string texts;
  for (const ConfigProblem& problem : config.problems) {
    texts += problem.severity == Severity::kError ? "error: " : "warning: ";
    texts += problem.text;
    texts += '\n';
  }
  return texts;
}

// Whether one problem of this severity holds every one of the words.
inline bool has_problem(const Config& config, Severity severity, std::vector<std::string_view> words) {
  return std::any_of(config.problems.begin(), config.problems.end(), [&](const ConfigProblem& problem) {
    return problem.severity == severity && std::all_of(words.begin(), words.end(), [&](std::string_view word) {
             return problem.text.find(word) != std::string_view::npos;
           });
  });
}

inline bool has_error(const Config& config, std::vector<std::string_view> words) {
  return has_problem(config, Severity::kError, std::move(words));
}

inline bool has_warning(const Config& config, std::vector<std::string_view> words) {
  return has_problem(config, Severity::kWarning, std::move(words));
}

}  // namespace sleipnir::test
