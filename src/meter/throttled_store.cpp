#include "meter/throttled_store.hpp"

namespace meter {

void ThrottledStore::around(Call&, const Proceed& proceed) {
  const auto start = account_.admit(clock_.now());
  if (!start) throw Refusal(code_of_status(503), answer_text(503), 503, true, profile_.retry_after);
  clock_.queue_until(*start);
  proceed();
}

}  // namespace meter
