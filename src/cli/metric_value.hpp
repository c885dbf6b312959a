// A metric's point as JSON, the same wherever metrics are shown.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/tracking.hpp"

namespace cli {

// A number, "NaN", "Infinity" or "-Infinity", or whatever JSON was logged.
nlohmann::json value_of(const model::MetricPoint&);

}  // namespace cli
