// Bucket: where dead letters go, in the scenarios that have one. What it has taken counts as delivered: each object has
// to be pushes that the book knows, as `sleipnir replay` would send them.
//
// It has a mood for each life: it takes everything, or some of it, or nothing, at once or late.
#pragma once

#include <vector>

#include "fake/http.h"
#include "fake/network.h"
#include "loki.h"

namespace sleipnir::simulation {

class Bucket {
 public:
  static constexpr const char* kEnvironment[] = {
      "LOKI_DEAD_LETTER_S3_URI=s3://logs/lost",
      "AWS_ENDPOINT_URL_S3=http://10.0.0.9:80",
      "AWS_REGION=eu-west-1",
      "AWS_LAMBDA_FUNCTION_NAME=simulated",
      "AWS_ACCESS_KEY_ID=key",
      "AWS_SECRET_ACCESS_KEY=secret",
  };

  Bucket(Machine& machine, Findings& findings, Loki& loki)
      : machine_(machine), findings_(findings), loki_(loki), server_(machine.network.serve("10.0.0.9", 80)) {}

  void begin_life();
  // True if there was anything to do.
  bool act();
  MonotonicTime next_event() const;
  // Records in objects that it has taken, of this life.
  uint64_t stored() const { return stored_; }

 private:
  struct Connection {
    test::Peer peer;
    test::HttpReader reader;
    // Of an answer that is to come.
    int status = 0;
    WallTime answer_at{};
  };

  bool read(Connection& connection);
  void take(Connection& connection, const test::HttpRequest& request);

  Machine& machine_;
  Findings& findings_;
  Loki& loki_;
  test::FakeServer& server_;
  std::vector<Connection> connections_;
  std::vector<std::string> names_;  // of all lives
  unsigned trouble_percent_ = 0;
  Milliseconds late_by_up_to_{0};
  uint64_t stored_ = 0;
};

}  // namespace sleipnir::simulation
