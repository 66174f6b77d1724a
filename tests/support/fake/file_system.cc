#include "fake/file_system.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace sleipnir::test {

namespace {

char garbled(char c) {
  if (c >= '0' && c <= '9') return static_cast<char>('0' + (c - '0' + 1) % 10);
  if (c >= 'a' && c <= 'z') return static_cast<char>('a' + (c - 'a' + 1) % 26);
  if (c >= 'A' && c <= 'Z') return static_cast<char>('A' + (c - 'A' + 1) % 26);
  return c;
}

}  // namespace

uint64_t FakeDisk::bytes_in_files() const {
  uint64_t bytes = 0;
  for (const auto& [path, file] : files) bytes += file->bytes.size();
  return bytes;
}

std::string& FakeDisk::only_file() {
  CHECK(files.size() == 1);
  return files.begin()->second->bytes;
}

void FakeFileSystem::kill() {
  while (!handles_.empty()) close(handles_.begin()->first);
  dead_ = true;
}

bool FakeFileSystem::trouble() {
  calls_++;
  return dead_ || (fail_from_call != 0 && calls_ >= fail_from_call && calls_ - fail_from_call < failing_calls);
}

Error FakeFileSystem::failed() const {
  return Error::from_os(dead_ ? EIO : fail_with, "fake");
}

int FakeFileSystem::add(std::shared_ptr<FakeFile> file) {
  handles_.emplace(next_handle_, std::move(file));
  return next_handle_++;
}

Status FakeFileSystem::make_directory(const char* path) {
  if (trouble()) return failed();
  const std::string name = path;
  if (disk_.files.contains(name)) return Error::make("it is no directory");
  if (std::find(disk_.directories.begin(), disk_.directories.end(), name) == disk_.directories.end()) {
    disk_.directories.push_back(name);
  }
  return Done{};
}

Result<int> FakeFileSystem::create(const char* path) {
  if (trouble()) return failed();
  const std::string name = path;
  const std::string directory = name.substr(0, name.rfind('/'));
  if (std::find(disk_.directories.begin(), disk_.directories.end(), directory) == disk_.directories.end()) {
    return Error::from_os(ENOENT, "create");
  }
  if (disk_.files.contains(name)) return Error::from_os(EEXIST, "create");
  auto file = std::make_shared<FakeFile>();
  disk_.files[name] = file;
  return add(std::move(file));
}

Result<int> FakeFileSystem::open(const char* path) {
  if (trouble()) return failed();
  const auto found = disk_.files.find(path);
  if (found == disk_.files.end()) return Error::from_os(ENOENT, "open");
  return add(found->second);
}

void FakeFileSystem::close(int handle) {
  if (!handles_.contains(handle)) {
    CHECK(dead_);
    return;
  }
  if (file(handle).locked_by == owner(handle)) file(handle).locked_by = nullptr;
  handles_.erase(handle);
}

FileSystem::Lock FakeFileSystem::try_lock(int handle) {
  if (trouble()) return Lock::kError;
  FakeFile& found = file(handle);
  if (found.locked_by != nullptr && found.locked_by != owner(handle)) return Lock::kTaken;
  found.locked_by = owner(handle);
  return found.linked ? Lock::kHeld : Lock::kGone;
}

Result<uint64_t> FakeFileSystem::size(int handle) {
  if (trouble()) return failed();
  return uint64_t{file(handle).bytes.size()};
}

Result<size_t> FakeFileSystem::read_at(int handle, uint64_t offset, std::span<char> out) {
  if (trouble()) return failed();
  const std::string& bytes = file(handle).bytes;
  if (offset >= bytes.size()) return size_t{0};
  const size_t count = std::min({out.size(), read_bytes_max, bytes.size() - static_cast<size_t>(offset)});
  bytes.copy(out.data(), count, offset);
  return count;
}

Result<size_t> FakeFileSystem::write_at(int handle, uint64_t offset, std::string_view text) {
  if (trouble()) return failed();
  std::string& bytes = file(handle).bytes;
  size_t count = std::min(text.size(), write_bytes_max);
  // What lies behind the end so far takes room on the disk.
  const uint64_t grown = std::max<uint64_t>(bytes.size(), offset + count) - bytes.size();
  if (grown > disk_.free_bytes) {
    const uint64_t short_of = grown - disk_.free_bytes;
    if (short_of >= count) return Error::from_os(ENOSPC, "write");
    count -= short_of;
  }
  std::string taken(text.substr(0, count));
  const bool dies = die_after_bytes <= count;
  if (dies) {
    const size_t point = die_after_bytes;
    if (torn_tail == TornTail::kCut) taken.resize(point);
    for (size_t i = point; i < taken.size(); i++) taken[i] = torn_tail == TornTail::kZeros ? '\0' : garbled(taken[i]);
  }
  const size_t before = bytes.size();
  if (bytes.size() < offset + taken.size() && !taken.empty()) bytes.resize(offset + taken.size());
  bytes.replace(offset, taken.size(), taken);
  disk_.free_bytes -= bytes.size() - before;
  if (dies) {
    kill();
    return failed();
  }
  if (die_after_bytes != UINT64_MAX) die_after_bytes -= count;
  return count;
}

Status FakeFileSystem::truncate(int handle, uint64_t size) {
  if (trouble()) return failed();
  std::string& bytes = file(handle).bytes;
  CHECK(size <= bytes.size());
  disk_.free_bytes += bytes.size() - size;
  bytes.resize(size);
  return Done{};
}

Status FakeFileSystem::unlink(const char* path) {
  if (trouble()) return failed();
  const auto found = disk_.files.find(path);
  if (found == disk_.files.end()) return Error::from_os(ENOENT, "unlink");
  found->second->linked = false;
  disk_.free_bytes += found->second->bytes.size();
  disk_.files.erase(found);
  return Done{};
}

Status FakeFileSystem::list(const char* path, NameVisitor& visitor) {
  if (trouble()) return failed();
  const std::string directory = std::string(path) + "/";
  // Backwards, so that nobody relies on an order.
  for (auto at = disk_.files.rbegin(); at != disk_.files.rend(); ++at) {
    if (!at->first.starts_with(directory)) continue;
    if (visitor.on_name(std::string_view(at->first).substr(directory.size())) == NameVisitor::Go::kStop) break;
  }
  return Done{};
}

Result<FileSystem::Space> FakeFileSystem::space(const char*) {
  if (trouble()) return failed();
  return Space{.free_bytes = disk_.free_bytes, .total_bytes = disk_.total_bytes};
}

}  // namespace sleipnir::test
