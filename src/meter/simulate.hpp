// What a list of requests takes: one pure simulator, for the report and for what-if alike.
//
// Requests of one task come one after the other; tasks overlap; all share their account's limits
// (account.hpp, the same code that a sleeping clock runs). What cannot be seen in a record is a
// join: that a thread waited for another one's request. Such waits are not in the result.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "meter/account.hpp"

namespace meter {

struct Request {
  Op op = Op::get;
  bool failed = false;  // answered without content
  std::uint32_t draw = 0;
  std::uint64_t amount = 0;  // bytes; of a list entries, of a move objects
  std::uint64_t task = 0;    // any number; requests of one task are sequential
  std::uint64_t after = 0;   // 1 + the index of an earlier request that must end first; 0: none
  Nanos pause = 0;           // what the task does by itself before it
  Nanos extra = 0;           // what a recorded fault added
};

struct Timed {
  Nanos begin = 0;
  Nanos end = 0;
  std::uint32_t refusals = 0;  // by the account's limit
  bool gave_up = false;        // after the client's last retry
};

struct Simulation {
  std::vector<Timed> requests;  // as given
  Nanos end = 0;                // when the last task is done
  Nanos busy = 0;               // all requests one after the other, each alone
  Cost cost;                    // the sum of all
  double dollars = 0;
  std::uint64_t refusals = 0;
};

// Throws internal when an `after` names a later request.
Simulation simulate(std::span<const Request>, const CostProfile&);

// The requests of a record, in its order. `recorded_under`, where known, tells what of a charge was
// a fault's doing; that part is kept under every other profile. A request by another task than its
// operation's (prefetching) begins after what that task had asked before it. Refusals by the
// account's limit are left out: the simulator finds its own. `pauses`: keep the time a task spent
// between two requests, as it was on this machine.
struct FromLedger {
  const CostProfile* recorded_under = nullptr;
  bool pauses = false;
};
// What a fault added to a request recorded under this profile: its delays, the pauses before
// retries.
Nanos extra_of(const Entry&, const CostProfile& recorded_under);
std::vector<Request> requests_of(const LedgerText&, const FromLedger&);

// What comes after each other as a whole: each batch begins when the one before has ended.
struct Phases {
  std::vector<std::vector<Request>> before;  // downloads: a listing, its files, the next listing
  std::vector<Request> during;               // what the step did
  std::vector<std::vector<Request>> after;  // of each binding: its upload, or what its unmount sent
};
// The same requests as requests_of.
Phases phases_of(const LedgerText&, const FromLedger&);
Simulation simulate(const Phases&, const CostProfile&);

}  // namespace meter
