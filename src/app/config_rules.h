// LOKI_MASK and LOKI_SAMPLE, as part of load_config(). What stands in a mask may be a secret: problems name the place,
// never the text.
#pragma once

#include "app/config.h"
#include "app/config_problems.h"
#include "app/config_settings.h"

namespace sleipnir {

void apply_masks(const Setting& setting, Config& config, Problems& problems);
void apply_sample(const Setting& setting, Config& config, Problems& problems);

}  // namespace sleipnir
