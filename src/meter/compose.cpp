#include "meter/compose.hpp"

#include "meter/failing_store.hpp"
#include "meter/metered_store.hpp"
#include "meter/throttled_store.hpp"

namespace meter {

std::shared_ptr<store::ObjectStore> compose(std::shared_ptr<store::ObjectStore> store,
                                            const Parts& parts) {
  const bool shared = parts.clock.shared();
  if (parts.faults && !parts.faults->empty())
    store =
        std::make_shared<FailingStore>(std::move(store), *parts.faults, parts.clock, parts.profile);
  if (shared && parts.profile.requests_per_second > 0)
    store = std::make_shared<ThrottledStore>(std::move(store), parts.account, parts.clock,
                                             parts.profile);
  return std::make_shared<MeteredStore>(
      std::move(store),
      Metering{parts.profile, parts.clock, parts.ledger, shared ? &parts.account : nullptr});
}

}  // namespace meter
