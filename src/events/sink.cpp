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
  if (broken_) std::rethrow_exception(broken_);
  Stamped kept;
  try {
    kept = recorder_.keep(stamped);
  } catch (...) {
    broken_ = std::current_exception();
    throw;
  }
  tell_listeners([&](Sink& listener) { listener.on(kept); });
}

void Tee::tick(base::Time now) {
  const std::lock_guard lock(mutex_);
  tell_listeners([&](Sink& listener) { listener.tick(now); });
}

}  // namespace events
