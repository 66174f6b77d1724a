// Loki: the other end of every push, with weather: what it does with a push is drawn from the seed.
//
// Reads what comes as it comes, so that a push can be broken off in the middle of its body; stores what it answers with
// 204, and sometimes what it does not answer at all, as the real one does when only its answer is lost. Everything that
// is stored goes into the book.
#pragma once

#include <string_view>
#include <vector>

#include "book.h"
#include "fake/http.h"
#include "fake/network.h"
#include "process.h"

namespace sleipnir::simulation {

// Of 100 pushes so many meet each fate; the others are stored and answered with 204.
struct Weather {
  const char* name = "fair";
  test::FakeServer::Mode connects = test::FakeServer::Mode::kAccept;
  unsigned unavailable = 0;    // 5xx
  unsigned overloaded = 0;     // 429, without Retry-After
  unsigned told_to_wait = 0;   // 429 with Retry-After
  unsigned silent = 0;         // taken, never answered
  unsigned closed = 0;         // taken, closed without a word
  unsigned cut_in_body = 0;    // reset with the body half read
  unsigned reset = 0;          // read whole, then reset
  unsigned cut_in_answer = 0;  // stored, and reset in the middle of the answer
  unsigned garbage = 0;        // answered with what is no HTTP
  unsigned slow = 0;           // answered in the end
  Milliseconds slow_up_to{0};
  Milliseconds round_trip{0};  // at most; drawn for each connection
  bool narrow = false;         // takes a body in small pieces
};

// What it is, in every weather.
struct LokiSetting {
  size_t body_bytes_max = 0;     // larger pushes are refused with 413; 0: none is
  uint32_t poisoned_one_in = 0;  // a push with such a record in it cannot be parsed; 0: there is none
};

class Loki {
 public:
  Loki(Machine& machine, Book& book, Findings& findings, const LokiSetting& setting)
      : machine_(machine),
        book_(book),
        findings_(findings),
        setting_(setting),
        server_(machine.network.serve("10.0.0.1", 3100)) {}

  void set_weather(const Weather& weather);
  const Weather& weather() const { return weather_; }
  // What becomes of the connections while nobody runs at the other end.
  void on_freeze();

  // Reads, decides, answers what is due; true if there was anything to do.
  bool act();
  MonotonicTime next_event() const;

  // Records in pushes whose 204 the extension has read to its end, of this life: what it has to call sent.
  uint64_t acknowledged() const { return acknowledged_; }
  // Of this life: all of them, whether the answer was seen or not.
  uint64_t stored() const { return stored_; }
  // Takes a push's text for the book; returns its records.
  uint64_t store_text(std::string_view text);
  void begin_life();
  size_t requests() const { return requests_; }

 private:
  enum class Fate : uint8_t {
    kStored,
    kUnavailable,
    kOverloaded,
    kToldToWait,
    kSilent,
    kClosed,
    kCutInBody,
    kReset,
    kCutInAnswer,
    kGarbage,
    kSlow,
  };
  struct Connection {
    test::Peer peer;
    test::HttpReader reader;
    // Of the request that is being read.
    bool fate_drawn = false;
    Fate fate = Fate::kStored;
    // Nothing is read or answered any more.
    bool deaf = false;
    // An answer that is to come, when the wall clock says so.
    bool answer_due = false;
    WallTime answer_at{};
    std::string answer;
    uint64_t answer_records = 0;
    // Records of a 204 that was sent and not yet read.
    uint64_t unread = 0;
  };

  Fate draw();
  bool read(Connection& connection);
  void take(Connection& connection, const test::HttpRequest& request);
  // Refuses for what is in it; true if so.
  bool refuse(Connection& connection, const test::HttpRequest& request);
  uint64_t store(const test::HttpRequest& request);
  void store_own_line(std::string_view line);
  bool coin() { return machine_.random.below(2) == 0; }

  Machine& machine_;
  Book& book_;
  Findings& findings_;
  const LokiSetting setting_;
  test::FakeServer& server_;
  Weather weather_;
  std::vector<Connection> connections_;
  uint64_t acknowledged_ = 0;
  uint64_t stored_ = 0;
  size_t requests_ = 0;
};

}  // namespace sleipnir::simulation
