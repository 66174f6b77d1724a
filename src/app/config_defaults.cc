// A Config as it begins. Once, not wherever there is one: it is 800 bytes of code.
#include "app/config.h"

namespace sleipnir {

Config::Config() = default;

}  // namespace sleipnir
