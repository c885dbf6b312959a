#include "meter/metered_store.hpp"

#include <fmt/format.h>

namespace meter {
namespace {

// Beyond this many names a table starts anew, so that memory is bounded: a name may then stand
// twice in the record, and a path's luck begins again.
constexpr std::size_t most_names = 100'000;

Result result_of(base::Code code) {
  return code == base::Code::not_found ? Result::absent : Result::failed;
}

}  // namespace

// One try of one call.
struct MeteredStore::Try {
  std::uint64_t number = 0;
  std::uint64_t recorded_at = 0;
  std::uint32_t draw = 0;
  Nanos begin = 0;
  Nanos slept = Clock::slept();
  Nanos queued = Clock::queued();

  // Its share of the account's queue, and what a fault made it wait.
  Nanos start() const { return begin + (Clock::queued() - queued); }
  Nanos extra() const { return Clock::slept() - slept; }
};

// Of one call. The account's refusals are counted apart from faults, and anew after each: so a
// fault costs the same whether or not the account was busy, and the simulator can tell the rest.
struct MeteredStore::Retries {
  std::uint64_t faults = 0;
  std::uint64_t over_limit = 0;
  std::uint64_t tries = 0;
};

MeteredStore::MeteredStore(std::shared_ptr<store::ObjectStore> inner, Metering metering)
    : Decorator(std::move(inner)),
      profile_(metering.profile),
      clock_(metering.clock),
      ledger_(metering.ledger),
      account_(metering.account) {}

void MeteredStore::around(Call& call, const Proceed& proceed) {
  if (call.op == Op::move && profile_.move_copies) call.amount = objects_below(call.name);
  // One for all tries: how often the account refuses must not change what comes after.
  const std::uint32_t draw = next_draw(call);
  Retries retries;
  while (!attempt(call, proceed, draw, retries)) {
  }
}

// False: the store refused it for now, and it is to be tried again; the pause before that is over.
bool MeteredStore::attempt(Call& call, const Proceed& proceed, std::uint32_t draw,
                           Retries& retries) {
  Try now;
  now.draw = draw;
  if (ledger_) {
    now.number = ledger_->begin();
    now.recorded_at = ledger_->now();
  }
  now.begin = clock_.now();
  try {
    proceed();
  } catch (const Refusal& refusal) {
    const Cost cost = cost_of_refusal(profile_, call.op);
    std::uint64_t& so_far = refusal.over_limit ? retries.over_limit : retries.faults;
    const bool again = is_transient(refusal.status) && so_far < profile_.retry.retries;
    const Nanos pause =
        again ? pause_before_retry(profile_, so_far++, refusal.retry_after) : Nanos{0};
    ++retries.tries;
    if (!refusal.over_limit) retries.over_limit = 0;
    settle(now, call, refusal.over_limit && again ? Result::refused : Result::failed, cost,
           now.extra() + pause);
    if (again) return false;
    throw base::Error(refusal.code(), fmt::format("the store refused to {} '{}': {}",
                                                  to_string(call.op), call.name, refusal.message()))
        .hint(retries.tries == 1 ? "" : fmt::format("tried {} times", retries.tries));
  } catch (const base::Error& error) {
    const Result result = result_of(error.code());
    const Cost cost = result == Result::absent ? cost_of(profile_, call.op, 0, now.draw)
                                               : cost_of_refusal(profile_, call.op);
    call.amount = 0;
    settle(now, call, result, cost, now.extra());
    throw;
  }
  settle(now, call, call.found ? Result::ok : Result::absent,
         cost_of(profile_, call.op, call.amount, now.draw), now.extra());
  return true;
}

// Records the try and lets its time pass.
void MeteredStore::settle(const Try& now, const Call& call, Result result, const Cost& cost,
                          Nanos extra) {
  const Nanos start = now.start() + extra;
  const Nanos charge = extra + alone(profile_, cost);
  clock_.sleep_until(account_ ? account_->finish(start, cost) : now.start() + charge);
  if (ledger_) record(now, call, result, charge);
}

void MeteredStore::record(const Try& now, const Call& call, Result result, Nanos charge) {
  const Current& at = current();
  Entry entry;
  entry.number = now.number;
  entry.begin_ns = now.recorded_at;
  // What failed moved nothing, whatever was asked for.
  entry.bytes = result == Result::ok ? call.amount : 0;
  entry.cause = at.operation;
  entry.handle = at.handle;
  entry.task = at.task & 0x3fffffffU;
  entry.session = at.session;
  entry.charge = seconds(charge);
  entry.op = call.op;
  entry.result = result;
  entry.draw = now.draw;
  try {
    entry.name = at.name != 0 ? at.name : name_of(call.name);
    entry.end_ns = ledger_->now();
    ledger_->append(entry);
  } catch (const base::Error& error) {
    // The user's request is done; a full disk costs its record and no more. Its number stays
    // missing in the ledger, which the report tells.
    if (error.code() != base::Code::no_space) throw;
  }
}

std::uint32_t MeteredStore::next_draw(const Call& call) {
  const std::uint64_t key = key_of(call.name, call.op);
  const std::lock_guard lock(counts_mutex_);
  if (counts_.size() >= most_names) counts_.clear();
  return draw_of(key, counts_[key]++);
}

std::uint32_t MeteredStore::name_of(const std::string& object) {
  const std::lock_guard lock(names_mutex_);
  if (const auto known = names_.find(object); known != names_.end()) return known->second;
  if (names_.size() >= most_names) names_.clear();
  return names_[object] = ledger_->name(object);
}

// A store without real folders renames one object after the other.
std::uint64_t MeteredStore::objects_below(const std::string& folder) {
  const auto object = inner().head(folder);
  if (!object || !object->is_folder) return 1;
  std::uint64_t count = 0;
  std::string from;
  do {
    const store::Page page = inner().list(folder, from, 5000);
    for (const auto& entry : page.objects) count += entry.is_folder ? objects_below(entry.name) : 1;
    from = page.next;
  } while (!from.empty());
  return count;
}

}  // namespace meter
