// What `sleipnir replay` reads: files of pushes, taken apart into streams and entries.
//
// Known are, also gzipped, also several one behind the other:
//   - a push body as Loki's API takes it, {"streams":[{"stream":{...},"values":[["<ns>","<line>",{...}],...]}]}
//   - a segment of the spool (app/spool_format.h), of which frames that were delivered are left out
// Nothing in them is believed. Memory: the content of one gzip member beside the file. Pure, but for what the sink
// does.
#pragma once

#include <cstdint>
#include <string_view>

#include "batch/batch.h"

namespace sleipnir {

// Where entries go. Kept by the caller for as long as a file is read.
class ReplaySink {
 public:
  // What follows belongs to the stream with this push prefix (loki/labels.h); valid for the time of the call.
  virtual void begin_stream(std::string_view push_prefix) = 0;
  // Room for an entry of so many bytes; empty: there is none for one so long.
  virtual std::span<char> room(size_t bytes) = 0;
  // It is there now. `first_part`: it begins a record.
  virtual void commit(EntryShape shape, bool first_part, int64_t time_ns) = 0;

 protected:
  ~ReplaySink() = default;
};

struct ReplayRead {
  uint64_t unreadable = 0;  // entries that Loki could not take, or records of a damaged frame
  bool whole = true;        // false: from somewhere on there is nothing that is known here
};

ReplayRead read_replay(std::string_view bytes, ReplaySink& sink);

}  // namespace sleipnir
