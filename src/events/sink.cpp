#include "events/sink.hpp"

#include <algorithm>

namespace events {

void Tee::on(const Stamped& stamped) {
  const std::lock_guard lock(mutex_);
  recorder_.on(stamped);
  std::erase_if(listeners_, [&](Sink* listener) {
    try {
      listener->on(stamped);
      return false;
    } catch (const std::exception&) {
      return true;
    }
  });
}

}  // namespace events
