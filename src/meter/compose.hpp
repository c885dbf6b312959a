// The one place where a store gets its price, its limits and its faults.
#pragma once

#include <memory>

#include "meter/account.hpp"
#include "meter/clock.hpp"
#include "meter/fault.hpp"
#include "meter/ledger.hpp"
#include "store/object_store.hpp"

namespace meter {

// Everything is borrowed and must outlive the store.
struct Parts {
  const CostProfile& profile;
  Clock& clock;
  Account& account;          // one for all stores of one storage account
  Faults* faults = nullptr;  // null: none
  Ledger* ledger = nullptr;  // null: nothing is recorded
};

// metered(throttled(failing(store))): the client retries and pays; the account refuses before the
// request is served; a fault happens where the service would be. On a clock that threads do not
// share, the account's limits are left to the simulator.
std::shared_ptr<store::ObjectStore> compose(std::shared_ptr<store::ObjectStore>, const Parts&);

}  // namespace meter
