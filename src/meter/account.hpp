// What all streams to one storage account share: requests a second, and bandwidth.
#pragma once

#include <mutex>
#include <optional>

#include "meter/cost_profile.hpp"

namespace meter {

// A pure state machine in cloud time: the store asks it as requests come, the simulator as they
// would have come, and both get the same answers for the same questions. Safe from several threads.
class Account {
 public:
  explicit Account(const CostProfile& profile) : profile_(profile) {}

  // When a request that comes at `now` is let in: `now`, or later where the profile lets it wait;
  // nothing where the account refuses it. Up to a second's worth of requests may come at once.
  std::optional<Nanos> admit(Nanos now);
  // When a request that was let in at `start` has moved its bytes. The account's bandwidth serves
  // requests in the order of these calls.
  Nanos finish(Nanos start, const Cost&);

 private:
  const CostProfile& profile_;  // borrowed
  std::mutex mutex_;
  Nanos all_used_until_ = 0;  // the requests let in so far fill the limit up to this moment
  Nanos up_free_at_ = 0;
  Nanos down_free_at_ = 0;
};

}  // namespace meter
