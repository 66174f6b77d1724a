// The credentials that are references, each with the service to ask. Runs once at start; nothing is fetched here.
#pragma once

#include "app/config_settings.h"

namespace sleipnir {

// Takes the references out of the credentials, where what stands for them then says that something will come. One whose
// service cannot be told is cleared there, with the line that says what is wanted. REQUIRES: config.lambda.
void load_secrets(const Settings& settings, Config& config, Problems& problems);

}  // namespace sleipnir
