// A store that keeps to its account's requests a second: what is too much waits, or is refused with
// 503 ServerBusy.
#pragma once

#include "meter/account.hpp"
#include "meter/clock.hpp"
#include "meter/decorator.hpp"

namespace meter {

class ThrottledStore final : public Decorator {
 public:
  // Borrows all but `inner`. `clock` must be one that its threads share.
  ThrottledStore(std::shared_ptr<store::ObjectStore> inner, Account& account, Clock& clock,
                 const CostProfile& profile)
      : Decorator(std::move(inner)), account_(account), clock_(clock), profile_(profile) {}

 private:
  void around(Call&, const Proceed&) override;

  Account& account_;
  Clock& clock_;
  const CostProfile& profile_;
};

}  // namespace meter
