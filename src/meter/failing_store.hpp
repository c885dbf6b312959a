// A store that fails as the run's faults say.
#pragma once

#include "meter/clock.hpp"
#include "meter/cost_profile.hpp"
#include "meter/decorator.hpp"
#include "meter/fault.hpp"

namespace meter {

class FailingStore final : public Decorator {
 public:
  // Borrows all but `inner`.
  FailingStore(std::shared_ptr<store::ObjectStore> inner, Faults& faults, Clock& clock,
               const CostProfile& profile)
      : Decorator(std::move(inner)), faults_(faults), clock_(clock), profile_(profile) {}

 private:
  void around(Call&, const Proceed&) override;

  Faults& faults_;
  Clock& clock_;
  const CostProfile& profile_;
};

}  // namespace meter
