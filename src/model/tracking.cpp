#include "model/tracking.hpp"

namespace model {

std::string_view to_string(TrackedRun::Kind kind) {
  switch (kind) {
    case TrackedRun::Kind::pipeline:
      return "pipeline";
    case TrackedRun::Kind::step:
      return "step";
    case TrackedRun::Kind::child:
      return "child";
    case TrackedRun::Kind::trial:
      return "trial";
  }
  return "";
}

}  // namespace model
