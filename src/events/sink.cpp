#include "events/sink.hpp"

#include <algorithm>

namespace events {

template <class Tell>
void Tee::tell_listeners(Tell&& tell) {
  std::erase_if(listeners_, [&](Sink* listener) {
    try {
      tell(*listener);
      return false;
    } catch (const std::exception&) {
      return true;
    }
  });
}

void Tee::on(const Stamped& stamped) {
  const std::lock_guard lock(mutex_);
  recorder_.on(stamped);
  tell_listeners([&](Sink& listener) { listener.on(stamped); });
}

void Tee::tick(base::Time now) {
  const std::lock_guard lock(mutex_);
  tell_listeners([&](Sink& listener) { listener.tick(now); });
}

}  // namespace events
