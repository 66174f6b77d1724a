// The spool on a real file system: locks between owners, names, permissions, and what may lie in /tmp.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/linux_file_system.h"
#include "spool_fixture.h"
#include "support/temporary_directory.h"

using namespace sleipnir;
using namespace sleipnir::test;

namespace {

using Store = Spool::Store;
using Restore = Spool::Restore;

// The limit of free bytes is about the machine that the test runs on, not about the spool.
class RoomyFileSystem final : public FileSystem {
 public:
  Status make_directory(const char* path) override { return files_.make_directory(path); }
  Result<int> create(const char* path) override { return files_.create(path); }
  Result<int> open(const char* path) override { return files_.open(path); }
  void close(int handle) override { files_.close(handle); }
  Lock try_lock(int handle) override { return files_.try_lock(handle); }
  Result<uint64_t> size(int handle) override { return files_.size(handle); }
  Result<size_t> read_at(int handle, uint64_t at, std::span<char> out) override {
    return files_.read_at(handle, at, out);
  }
  Result<size_t> write_at(int handle, uint64_t at, std::string_view bytes) override {
    return files_.write_at(handle, at, bytes);
  }
  Status truncate(int handle, uint64_t bytes) override { return files_.truncate(handle, bytes); }
  Status unlink(const char* path) override { return files_.unlink(path); }
  Status list(const char* path, NameVisitor& visitor) override { return files_.list(path, visitor); }
  Result<Space> space(const char*) override { return Space{.free_bytes = 1000 * kMiB, .total_bytes = 1000 * kMiB}; }

 private:
  LinuxFileSystem files_;
};

struct Owner {
  Owner(const std::string& directory, uint64_t seed)
      : random(seed), spool(files, random, {.directory = directory, .bytes_max = 64 * kMiB}, kPrefix) {}

  Store store(std::string_view name) {
    OwnedBatch batch;
    fill(*batch, name, 1);
    return spool.store(*batch, batch->all(), &gzip, buffer, at_second(0));
  }
  // The line of the next frame, delivered; "" if there is none.
  std::string take() {
    OwnedBatch batch;
    SpoolTicket ticket;
    if (spool.restore(*batch, buffer, ticket, at_second(0)) != Restore::kRestored) return "";
    spool.delivered(ticket, at_second(0));
    const std::string_view entry = batch->entry(0);
    return std::string(entry.substr(24, entry.find('"', 24) - 24));
  }

  QuietLog quiet;
  RoomyFileSystem files;
  SeededRandom random;
  GzipCompressor gzip{1};
  std::vector<char> buffer = std::vector<char>(kCompressedBytesMax);
  Spool spool;
};

size_t count_files(const std::string& directory) {
  const auto entries = std::filesystem::directory_iterator(directory);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

mode_t mode_of(const std::string& path) {
  struct stat found{};
  REQUIRE(lstat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("spool_directory_and_files_are_for_nobody_else") {
  const TemporaryDirectory temporary;
  const std::string directory = temporary / "sleipnir";
  const mode_t before = umask(0);
  Owner owner(directory, 1);
  const Store stored = owner.store("a");
  umask(before);
  REQUIRE(stored == Store::kStored);
  CHECK(mode_of(directory) == 0700);
  REQUIRE(count_files(directory) == 1);
  const std::filesystem::path file = std::filesystem::directory_iterator(directory)->path();
  CHECK(mode_of(file.string()) == 0600);
  CHECK(is_spool_name(file.filename().string()));
}

TEST_CASE("spool_names_begin_with_the_time_and_differ_within_a_millisecond") {
  const TemporaryDirectory temporary;
  Owner first(temporary.path(), 1);
  Owner second(temporary.path(), 2);
  REQUIRE(first.store("a") == Store::kStored);
  REQUIRE(second.store("b") == Store::kStored);
  CHECK(count_files(temporary.path()) == 2);
  for (const auto& entry : std::filesystem::directory_iterator(temporary.path())) {
    CHECK(entry.path().filename().string().starts_with("1763713659123-"));
  }
}

TEST_CASE("two_spools_in_one_directory_do_not_touch_each_others_segments") {
  const TemporaryDirectory temporary;
  Owner first(temporary.path(), 1);
  REQUIRE(first.store("a") == Store::kStored);
  {
    Owner second(temporary.path(), 2);
    second.spool.scan(at_second(0));
    CHECK(second.take() == "");
    REQUIRE(second.store("b") == Store::kStored);
    CHECK(count_files(temporary.path()) == 2);
    CHECK(second.take() == "b-0");
    REQUIRE(second.store("c") == Store::kStored);
  }
  CHECK(count_files(temporary.path()) == 2);
  CHECK(first.take() == "a-0");
  CHECK(first.take() == "");
  // The owner of c is gone: whoever looks next has it, and only one.
  Owner third(temporary.path(), 3);
  Owner fourth(temporary.path(), 4);
  third.spool.scan(at_second(0));
  fourth.spool.scan(at_second(0));
  CHECK(fourth.take() == "");
  CHECK(third.take() == "c-0");
  CHECK(count_files(temporary.path()) == 0);
}

TEST_CASE("spool_of_a_killed_process_is_adopted") {
  const TemporaryDirectory temporary;
  for (int generation = 0; generation < 3; generation++) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Owner owner(temporary.path(), static_cast<uint64_t>(generation) + 1);
      const char stored = owner.store("g" + std::to_string(generation)) == Store::kStored ? 1 : 0;
      if (write(ready[1], &stored, 1) != 1) _exit(1);
      pause();
      _exit(0);
    }
    char stored = 0;
    REQUIRE(read(ready[0], &stored, 1) == 1);
    CHECK(stored == 1);
    close(ready[0]);
    close(ready[1]);
    // Its lock holds as long as it lives.
    Owner meanwhile(temporary.path(), 100);
    meanwhile.spool.scan(at_second(0));
    if (generation == 0) CHECK(meanwhile.take() == "");
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    Owner next(temporary.path(), 101);
    next.spool.scan(at_second(0));
    CHECK(next.take() == "g" + std::to_string(generation) + "-0");
    CHECK(count_files(temporary.path()) == 0);
  }
}

TEST_CASE("spool_passes_over_what_is_no_regular_file") {
  const TemporaryDirectory temporary;
  const TemporaryDirectory elsewhere;
  const std::string pipe_path = temporary / "1763713659000-0000000000000001.spool";
  const std::string link_path = temporary / "1763713659000-0000000000000002.spool";
  const std::string directory_path = temporary / "1763713659000-0000000000000003.spool";
  const std::string empty_path = temporary / "1763713659000-0000000000000004.spool";
  REQUIRE(mkfifo(pipe_path.c_str(), 0600) == 0);
  {
    Owner owner(elsewhere.path(), 1);
    REQUIRE(owner.store("secret") == Store::kStored);
  }
  const std::filesystem::path target = std::filesystem::directory_iterator(elsewhere.path())->path();
  REQUIRE(symlink(target.c_str(), link_path.c_str()) == 0);
  REQUIRE(mkdir(directory_path.c_str(), 0700) == 0);
  std::ofstream(empty_path).close();
  Owner owner(temporary.path(), 2);
  owner.spool.scan(at_second(0));
  CHECK(owner.take() == "");
  CHECK(std::filesystem::exists(target));
  // The empty one was a segment that its process had no time to begin.
  CHECK(count_files(temporary.path()) == 3);
}

TEST_CASE("spool_whose_directory_is_a_file_says_no_and_harms_nothing") {
  const TemporaryDirectory temporary;
  const std::string path = temporary / "sleipnir";
  std::ofstream(path) << "mine";
  Owner owner(path, 1);
  owner.spool.scan(at_second(0));
  CHECK(owner.store("a") == Store::kFailed);
  CHECK(owner.take() == "");
  CHECK(std::filesystem::file_size(path) == 4);
  Owner nowhere(temporary / "not/there", 1);
  nowhere.spool.scan(at_second(0));
  CHECK(nowhere.store("a") == Store::kFailed);
}

TEST_CASE("linux_file_system_tells_the_space_of_a_file_system") {
  LinuxFileSystem files;
  const auto space = files.space("/tmp");
  REQUIRE(space);
  CHECK(space->total_bytes > 0);
  CHECK(space->free_bytes <= space->total_bytes);
  CHECK_FALSE(files.space("/not/there"));
}

TEST_CASE("linux_file_system_locks_exclude_handles_of_one_process_and_notice_an_unlinked_file") {
  using Lock = FileSystem::Lock;
  const TemporaryDirectory temporary;
  LinuxFileSystem files;
  const std::string path = temporary / "f";
  const Result<int> first = files.create(path.c_str());
  REQUIRE(first);
  CHECK_FALSE(files.create(path.c_str()));
  const Result<int> second = files.open(path.c_str());
  REQUIRE(second);
  CHECK(files.try_lock(first.value()) == Lock::kHeld);
  CHECK(files.try_lock(first.value()) == Lock::kHeld);
  CHECK(files.try_lock(second.value()) == Lock::kTaken);
  REQUIRE(files.unlink(path.c_str()));
  CHECK(files.try_lock(first.value()) == Lock::kGone);
  files.close(first.value());
  CHECK(files.try_lock(second.value()) == Lock::kGone);
  files.close(second.value());
}

TEST_CASE("spool_says_once_a_minute_why_it_takes_nothing") {
  const TemporaryDirectory temporary;
  const std::string path = temporary / "stderr";
  std::string said;
  {
    RoomyFileSystem files;
    SeededRandom random(1);
    Spool spool(files, random, {.directory = temporary / "no/such", .bytes_max = kMiB}, kPrefix);
    OwnedBatch batch;
    fill(*batch, "a", 1);
    std::vector<char> buffer(kSpoolBufferBytesMin);
    set_log_level(LogLevel::kWarn);
    const int saved = dup(STDERR_FILENO);
    const int file = open(path.c_str(), O_CREAT | O_RDWR, 0600);
    dup2(file, STDERR_FILENO);
    for (int64_t second = 0; second < 120; second++) {
      static_cast<void>(spool.store(*batch, batch->all(), nullptr, buffer, at_second(second)));
    }
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(file);
    std::ifstream in(path);
    said.assign(std::istreambuf_iterator<char>(in), {});
  }
  CHECK(std::count(said.begin(), said.end(), '\n') == 2);
  CHECK(said.starts_with("sleipnir: cannot write to the spool (LOKI_SPOOL_DIR " + temporary.path()));
}
