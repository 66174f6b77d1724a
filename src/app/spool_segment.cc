#include "app/spool_segment.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sleipnir {

namespace {

// Whether the file says what a file of ours says, push prefix included. Compared in pieces: the prefix may be long.
SpoolSegment::Adopted check_header(FileSystem& files, int handle, std::string_view push_prefix) {
  using Adopted = SpoolSegment::Adopted;
  std::array<char, 512> piece;
  const Result<size_t> head = read_full(files, handle, 0, std::span(piece).first(kSegmentHeaderBytes));
  if (!head) return Adopted::kFailed;
  // Begun by somebody who was killed at once: no more than the beginning of a header with our labels.
  std::array<char, kSegmentHeaderBytes> expected;
  write_segment_header(expected, push_prefix);
  if (head.value() < kSegmentHeaderBytes) {
    return std::equal(piece.begin(), piece.begin() + head.value(), expected.begin()) ? Adopted::kEmpty
                                                                                     : Adopted::kForeign;
  }
  const std::optional<SegmentHeader> header = read_segment_header({piece.data(), kSegmentHeaderBytes});
  if (!header) return Adopted::kForeign;
  if (header->prefix_bytes != push_prefix.size() || header->prefix_checksum != spool_checksum(push_prefix)) {
    return Adopted::kOtherLabels;
  }
  for (size_t at = 0; at < push_prefix.size(); at += piece.size()) {
    const std::string_view wanted = push_prefix.substr(at, piece.size());
    const Result<size_t> read =
        read_full(files, handle, kSegmentHeaderBytes + at, std::span(piece).first(wanted.size()));
    if (!read) return Adopted::kFailed;
    if (std::string_view(piece.data(), read.value()) != wanted.substr(0, read.value())) return Adopted::kOtherLabels;
    if (read.value() < wanted.size()) return Adopted::kEmpty;
  }
  return Adopted::kYes;
}

}  // namespace

Status SpoolSegment::create(FileSystem& files, SegmentId id, std::string path, std::string_view push_prefix) {
  CHECK(!used());
  const Result<int> handle = files.create(path.c_str());
  if (!handle) return handle.error();
  Status made = Done{};
  // Between create and lock another process may have taken the file for an abandoned one. Then it is its own.
  const bool held = files.try_lock(handle.value()) == FileSystem::Lock::kHeld;
  if (held) {
    std::array<char, kSegmentHeaderBytes> header;
    write_segment_header(header, push_prefix);
    made = write_all(files, handle.value(), 0, {header.data(), header.size()});
    if (made) made = write_all(files, handle.value(), header.size(), push_prefix);
    // With the lock in hand, so that nobody has adopted it.
    if (!made) static_cast<void>(files.unlink(path.c_str()));
  } else {
    made = Error::make("a new file could not be locked");
  }
  if (!made) {
    files.close(handle.value());
    return made;
  }
  handle_ = handle.value();
  id_ = id;
  path_ = std::move(path);
  end_ = kSegmentHeaderBytes + push_prefix.size();
  cursor_ = end_;
  writable_ = true;
  own_ = true;
  waste_bytes_ = 0;
  keep_file_ = false;
  return Done{};
}

SpoolSegment::Adopted SpoolSegment::adopt(FileSystem& files, SegmentId id, std::string path,
                                          std::string_view push_prefix) {
  CHECK(!used());
  const Result<int> handle = files.open(path.c_str());
  if (!handle) return Adopted::kFailed;
  Adopted adopted = Adopted::kFailed;
  switch (files.try_lock(handle.value())) {
    case FileSystem::Lock::kHeld: adopted = check_header(files, handle.value(), push_prefix); break;
    case FileSystem::Lock::kTaken: adopted = Adopted::kInUse; break;
    case FileSystem::Lock::kGone: adopted = Adopted::kGone; break;
    case FileSystem::Lock::kError: break;
  }
  const Result<uint64_t> size = files.size(handle.value());
  if (!size) adopted = Adopted::kFailed;
  if (adopted == Adopted::kYes || adopted == Adopted::kEmpty) {
    handle_ = handle.value();
    id_ = id;
    path_ = std::move(path);
    end_ = size.value();
    cursor_ = std::min<uint64_t>(end_, kSegmentHeaderBytes + push_prefix.size());
    writable_ = false;
    own_ = false;
    waste_bytes_ = 0;
    keep_file_ = false;
    return adopted;
  }
  files.close(handle.value());
  return adopted;
}

void SpoolSegment::close(FileSystem& files) {
  CHECK(used());
  files.close(handle_);
  handle_ = -1;
  id_ = 0;
  writable_ = false;
}

Status SpoolSegment::append(FileSystem& files, std::string_view head, std::string_view rest) {
  CHECK(used() && writable_);
  Status written = write_all(files, handle_, end_, head);
  if (written) written = write_all(files, handle_, end_ + head.size(), rest);
  if (written) {
    end_ += head.size() + rest.size();
  } else if (!files.truncate(handle_, end_)) {
    // What is there stays, unread, and nothing may come behind it.
    writable_ = false;
    waste_bytes_ = head.size() + rest.size();
  }
  return written;
}

Status SpoolSegment::mark_delivered(FileSystem& files, uint64_t offset) {
  static constexpr char kMark = static_cast<char>(FrameState::kDelivered);
  return write_all(files, handle_, offset + kFrameStateAt, {&kMark, 1});
}

std::optional<FrameHeader> SpoolSegment::frame_at_cursor(FileSystem& files) {
  std::array<char, kFrameHeaderBytes> bytes;
  if (!read(files, cursor_, bytes)) return std::nullopt;
  const std::optional<FrameHeader> header = read_frame_header({bytes.data(), bytes.size()});
  if (!header || header->frame_bytes() > end_ - cursor_) return std::nullopt;
  return header;
}

bool SpoolSegment::read(FileSystem& files, uint64_t offset, std::span<char> out) {
  if (offset > end_ || out.size() > end_ - offset) return false;
  const Result<size_t> read = read_full(files, handle_, offset, out);
  // A disk that fails today may not tomorrow.
  if (!read) keep_file_ = true;
  return read && read.value() == out.size();
}

}  // namespace sleipnir
