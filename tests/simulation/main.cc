// simulation: the real pipeline on virtual time, one scenario for each seed. See tests/simulation/README.md.
//
//   simulation --seeds 1..10000
//   simulation --seed 4711 --verbose

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/planted_bug.h"
#include "story.h"

// There in a build with sanitizers only.
extern "C" __attribute__((weak)) void __sanitizer_set_report_fd(void* fd);

namespace sleipnir::simulation {
namespace {

struct Options {
  uint64_t from = 1;
  uint64_t to = 1000;
  bool verbose = false;
  bool twice = false;  // every seed a second time, with the same outcome
  bool stop_at_first = false;
};

[[noreturn]] void usage() {
  fputs(
      "simulation [--seeds FROM..TO | --seed N] [--verbose] [--twice] [--first] [--plant BUG]\n"
      "  --verbose  the trace of each seed on stderr\n"
      "  --twice    runs each seed twice and compares the traces\n"
      "  --first    stops at the first seed that breaks a promise\n"
      "  --plant    with a defect of base/planted_bug.h; in a build with -Dplanted_bugs=true\n",
      stderr);
  exit(2);
}

bool plant_bug([[maybe_unused]] const char* name) {
#ifdef SLEIPNIR_PLANTED_BUGS
  return plant(name);
#else
  return false;
#endif
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; i++) {
    const std::string_view word = arguments[i];
    const char* const value = i + 1 < count ? arguments[i + 1] : nullptr;
    if (word == "--verbose") {
      options.verbose = true;
    } else if (word == "--twice") {
      options.twice = true;
    } else if (word == "--first") {
      options.stop_at_first = true;
    } else if (word == "--plant" && value != nullptr) {
      if (!plant_bug(value)) usage();
      i++;
    } else if (word == "--seed" && value != nullptr) {
      options.from = options.to = strtoull(value, nullptr, 10);
      i++;
    } else if (word == "--seeds" && value != nullptr) {
      char* end = nullptr;
      options.from = strtoull(value, &end, 10);
      if (strncmp(end, "..", 2) != 0) usage();
      options.to = strtoull(end + 2, nullptr, 10);
      i++;
    } else {
      usage();
    }
  }
  return options;
}

// The seed under way, for whoever has to say at which one the process died.
uint64_t current_seed = 0;
// Where the extension's own lines go while nobody reads along: only their end is of interest, and only after an abort.
int own_lines = -1;

void on_abort(int) {
  char text[4096];
  int bytes = snprintf(text, sizeof(text), "seed %llu: aborted\n", static_cast<unsigned long long>(current_seed));
  [[maybe_unused]] ssize_t written = write(STDOUT_FILENO, text, static_cast<size_t>(bytes));
  if (own_lines >= 0) {
    const off_t end = lseek(own_lines, 0, SEEK_END);
    const off_t begin = end > 1000 ? end - 1000 : 0;
    const ssize_t got = pread(own_lines, text, sizeof(text), begin);
    if (got > 0) written = write(STDOUT_FILENO, text, static_cast<size_t>(got));
  }
  _exit(1);
}

void keep_own_lines_aside() {
  const int real_stderr = dup(STDERR_FILENO);
  own_lines = memfd_create("lines", 0);
  if (own_lines < 0) return;
  dup2(own_lines, STDERR_FILENO);
  // What a sanitizer has to say is not to be kept aside.
  if (__sanitizer_set_report_fd != nullptr) {
    __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<intptr_t>(real_stderr)));
  }
}

void forget_own_lines() {
  if (own_lines < 0) return;
  [[maybe_unused]] const int cut = ftruncate(own_lines, 0);
  lseek(own_lines, 0, SEEK_SET);
}

int run(const Options& options) {
  signal(SIGABRT, on_abort);
  if (!options.verbose) keep_own_lines_aside();
  const auto print = options.verbose ? Findings::Print::kYes : Findings::Print::kNo;
  uint64_t failed = 0;
  Outcome total;
  for (uint64_t seed = options.from; seed <= options.to; seed++) {
    current_seed = seed;
    forget_own_lines();
    const Outcome outcome = Story(seed, print).run();
    total.records += outcome.records;
    total.delivered += outcome.delivered;
    total.dropped += outcome.dropped;
    total.repeats += outcome.repeats;
    total.in_part += outcome.in_part;
    total.steps += outcome.steps;
    total.hash = total.hash * 31 + outcome.hash;
    std::string failure = outcome.failure;
    if (options.twice && Story(seed, Findings::Print::kNo).run().hash != outcome.hash) {
      failure = "two runs of this seed differ";
    }
    if (failure.empty()) continue;
    failed++;
    printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
    fflush(stdout);
    if (options.stop_at_first) break;
  }
  printf(
      "seeds %llu..%llu: %llu failed; %llu records, %llu delivered, %llu dropped and counted, %llu repeats, %llu in "
      "part; "
      "%llu steps, trace %016llx\n",
      static_cast<unsigned long long>(options.from), static_cast<unsigned long long>(options.to),
      static_cast<unsigned long long>(failed), static_cast<unsigned long long>(total.records),
      static_cast<unsigned long long>(total.delivered), static_cast<unsigned long long>(total.dropped),
      static_cast<unsigned long long>(total.repeats), static_cast<unsigned long long>(total.in_part),
      static_cast<unsigned long long>(total.steps), static_cast<unsigned long long>(total.hash));
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sleipnir::simulation

int main(int count, char** arguments) {
  return sleipnir::simulation::run(sleipnir::simulation::parse(count, arguments));
}
