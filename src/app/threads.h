// The two threads in real life: the shells around Extension::step() and Sender::step(), and nothing more.
#pragma once

#include <string_view>

#include "app/config.h"
#include "app/sender.h"

namespace sleipnir {

// What of the configuration is the sender's, and the spool's. The spool's borrows its directory.
SenderOptions sender_options(const Config& config);
Spool::Options spool_options(const Config& config);

// Runs the extension until its end; returns the exit code. The sender's thread is not joined: the caller ends the
// process with _exit().
int run_extension(const Config& config, std::string_view name);

}  // namespace sleipnir
