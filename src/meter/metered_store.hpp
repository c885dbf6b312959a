// A store whose requests take the time and the money of a cost profile, and are recorded. It is
// also the client: what the store refuses for now is tried again as the profile says.
#pragma once

#include <mutex>
#include <unordered_map>

#include "meter/account.hpp"
#include "meter/clock.hpp"
#include "meter/decorator.hpp"

namespace meter {

// All borrowed; what may be null is.
struct Metering {
  const CostProfile& profile;
  Clock& clock;
  Ledger* ledger = nullptr;    // null: nothing is recorded
  Account* account = nullptr;  // null: shared limits are left to the simulator
};

// A recorded request names the operation that the calling thread is at (meter::current()), with its
// task, handle, session and name. Without a name there, the object's own is noted.
class MeteredStore final : public Decorator {
 public:
  MeteredStore(std::shared_ptr<store::ObjectStore> inner, Metering);

 private:
  struct Try;
  struct Retries;

  void around(Call&, const Proceed&) override;
  bool attempt(Call&, const Proceed&, std::uint32_t draw, Retries&);
  void settle(const Try&, const Call&, Result, const Cost&, Nanos extra);
  void record(const Try&, const Call&, Result, Nanos charge);
  std::uint32_t next_draw(const Call&);
  std::uint32_t name_of(const std::string& object);
  std::uint64_t objects_below(const std::string& folder);

  const CostProfile& profile_;
  Clock& clock_;
  Ledger* ledger_;
  Account* account_;

  std::mutex counts_mutex_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;  // key_of → how many there were

  std::mutex names_mutex_;
  std::unordered_map<std::string, std::uint32_t> names_;  // noted here, of requests without a cause
};

}  // namespace meter
