#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "app/replay.h"
#include "app/words.h"
#include "app/words_print.h"

namespace sleipnir {

namespace {

bool is_standard_input(const char* name) {
  return strcmp(name, "-") == 0;
}

// All of it; the error is for the line about it.
Status read_whole(const char* name, std::string& bytes) {
  const int file = is_standard_input(name) ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error::from_os(errno, "cannot be opened");
  Status status = Done{};
  bytes.clear();
  for (;;) {
    constexpr size_t kStep = 1 * kMiB;
    const size_t had = bytes.size();
    bytes.resize(had + kStep);
    const ssize_t got = read(file, bytes.data() + had, kStep);
    const int os_error = errno;
    bytes.resize(had + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0 && os_error == EINTR) continue;
    if (got < 0) status = Error::from_os(os_error, "cannot be read");
    if (bytes.size() > kReplayFileBytesMax) {
      status = Error::make("has more than %zu MiB: split it", kReplayFileBytesMax / kMiB);
    }
    if (got <= 0 || !status) break;
  }
  if (file != STDIN_FILENO) close(file);
  return status;
}

void print_part(uint64_t count, const char* what) {
  if (count != 0) print(", %llu %s", static_cast<unsigned long long>(count), what);
}

// True: everything in it is in Loki.
bool replay_file(const char* name, std::string& bytes, Replay& replay) {
  const char* const shown = is_standard_input(name) ? "standard input" : name;
  if (const Status read = read_whole(name, bytes); !read) {
    print("%s: %s\n", shown, read.error().text());
    return false;
  }
  const ReplayRead read = read_replay(bytes, replay);
  const ReplayCounts counts = replay.finish();
  print("%s: %llu records sent", shown, static_cast<unsigned long long>(counts.sent));
  print_part(counts.refused, "refused by Loki");
  print_part(counts.undelivered, "not delivered");
  print_part(read.unreadable, "unreadable");
  if (!read.whole) print(", its end is torn or no push");
  print("\n");
  return read.whole && counts.refused + counts.undelivered + read.unreadable == 0;
}

}  // namespace

int run_replay_word(Environment environment, std::span<const char* const> arguments) {
  const bool restamp = !arguments.empty() && std::string_view(arguments[0]) == "--restamp";
  if (restamp) arguments = arguments.subspan(1);
  if (arguments.empty() || std::string_view(arguments[0]).starts_with("--")) {
    print_error("usage: sleipnir replay [--restamp] FILE...\n");
    return 2;
  }
  const Config config = load_config(environment);
  set_log_level(config.log_level);
  for (const ConfigProblem& problem : config.problems) print_error("sleipnir: %s\n", problem.text.c_str());
  if (!config.endpoint) return 1;
  signal(SIGPIPE, SIG_IGN);

  Result<LinuxKernel> kernel = LinuxKernel::create();
  if (!kernel) {
    print_error("sleipnir: %s\n", kernel.error().text());
    return 1;
  }
  const ReplayTimes times = restamp ? ReplayTimes::kRestamped : ReplayTimes::kKept;
  Result<std::unique_ptr<Replay>> replay = Replay::create(config, kernel.value(), times);
  if (!replay) {
    print_error("sleipnir: %s\n", replay.error().text());
    return 1;
  }
  std::string bytes;
  bool all = true;
  for (const char* const name : arguments) all = replay_file(name, bytes, *replay.value()) && all;
  return all ? 0 : 1;
}

}  // namespace sleipnir
