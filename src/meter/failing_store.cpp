#include "meter/failing_store.hpp"

#include <cmath>

namespace meter {

void FailingStore::around(Call& call, const Proceed& proceed) {
  const Fault* fault = faults_.hit({"store", call.op, call.name, call.amount, clock_.now()});
  if (!fault) return proceed();
  switch (fault->how) {
    case Fault::How::http:
      throw Refusal(code_of_status(fault->number), answer_text(fault->number), fault->number, false,
                    0);
    case Fault::How::throttle:
      throw Refusal(code_of_status(503), answer_text(503), 503, false, profile_.retry_after);
    case Fault::How::delay:
      clock_.sleep_for(fault->delay);
      return proceed();
    case Fault::How::slow: {
      proceed();
      // The metered store adds the request's own time; here goes the rest of it.
      const Nanos own = alone(profile_, cost_of(profile_, call.op, call.amount, 0));
      clock_.sleep_for(
          static_cast<Nanos>(std::llround(static_cast<double>(own) * (fault->factor - 1))));
      return;
    }
    case Fault::How::errno_:      // of mounts only; the parser
    case Fault::How::disconnect:  // refuses them at a store
      return proceed();
  }
}

}  // namespace meter
