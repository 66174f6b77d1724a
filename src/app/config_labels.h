// Custom labels out of the environment, made such that Loki takes them.
//
// Loki refuses a whole push for one bad label, so what it would refuse is renamed, cut or dropped here, each with a
// line that names variable and label. Runs once at start.
#pragma once

#include <string_view>

#include "app/config_settings.h"

namespace sleipnir {

// Merged in this order, the first to name a label wins: SERVICE_NAME, LOKI_LABELS, LOKI_LOG_LABELS, LOKI_EXTRA_LABELS,
// OTEL_LABEL_*, LOKI_APPLICATION_LABEL, LOKI_ENV_LABEL. `service_name` comes last in the result; where nothing sets it,
// it is the function's name if that is known.
LabelList load_labels(const Settings& settings, RequestIdAs request_id_as, std::string_view function_name,
                      Problems& problems, TextStore& texts);

}  // namespace sleipnir
