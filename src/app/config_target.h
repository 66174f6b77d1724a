// Target: the push endpoint and the proxy in front of it, out of their variables. Runs once at start.
#pragma once

#include <optional>

#include "app/config_settings.h"

namespace sleipnir {

// Nothing, with the line that says what is wanted, where no variable names a usable endpoint.
std::optional<Endpoint> load_endpoint(const Settings& settings, Problems& problems, TextStore& texts);

// The proxy to use for `endpoint`; nothing where none is set, where NO_PROXY (or the loopback rule) exempts the
// endpoint, or where HTTPS_PROXY is set and the endpoint is plain http.
std::optional<Endpoint> load_proxy(const Settings& settings, const Endpoint& endpoint, Problems& problems,
                                   TextStore& texts);

}  // namespace sleipnir
