// sleipnir: one binary, several words. Without a word, in Lambda: the extension.

#include <unistd.h>

#include <cstring>
#include <string_view>

#include "app/threads.h"
#include "app/words.h"
#include "app/words_print.h"

namespace {

using namespace sleipnir;

// The registered name must be the file's own, whatever it was renamed to.
std::string_view own_name(std::span<char> buffer, const char* argv0) {
  const ssize_t bytes = readlink("/proc/self/exe", buffer.data(), buffer.size());
  const std::string_view path = bytes > 0 ? std::string_view(buffer.data(), static_cast<size_t>(bytes)) : argv0;
  return path.substr(path.rfind('/') + 1);
}

int run_word(std::span<const char* const> arguments, Environment environment) {
  const std::string_view word = arguments[0];
  if (word == "--help" || word == "-h" || word == "help") return print_help();
  if (word == "--version" || word == "version") return print_version();
  if (word == "config") return run_config_word(environment, arguments.subspan(1));
  if (word == "check") return run_check_word(environment, arguments.subspan(1));
  if (word == "replay") return run_replay_word(environment, arguments.subspan(1));
  print_error("sleipnir: unknown word '%s'; `sleipnir --help` lists them\n", arguments[0]);
  return 2;
}

}  // namespace

int main(int argc, char** argv, char** environ_entries) {
  const Environment environment{.entries = environ_entries};
  if (argc > 1) return run_word(std::span<const char* const>(argv + 1, static_cast<size_t>(argc - 1)), environment);
  const Config config = load_config(environment);
  int code = 2;
  if (config.lambda.runtime_api.empty()) {
    print_help();
  } else {
    char buffer[1024];
    code = run_extension(config, own_name(buffer, argv[0]));
  }
  // Without joining: the sender and the resolver may be in the middle of something that no longer matters.
  _exit(code);
}
