// Why a step's data is slow or dear, and what would help: rules find it, a what-if tells the
// saving.
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "cli/io_record.hpp"
#include "cli/verb.hpp"
#include "fuse/view/fetch_policy.hpp"
#include "meter/advice.hpp"
#include "meter/cost_profile.hpp"

namespace cli {
namespace {

using fuse::Access;
using meter::Remedy;
using nlohmann::json;

struct Args {
  std::string run;
  std::string cost = "blob-standard";
  bool json = false;
};

void declare(Options& options, Args& args) {
  options.argument("run", args.run, false);
  options.value("--cost", args.cost);
  options.flag("--json", args.json);
}

// An advice whose saving has been computed.
struct Weighed {
  meter::Advice advice;
  std::string fix;
  std::optional<Remedy::Kind> tried;
  fuse::Sum now, then;
  std::vector<std::string> also;  // what else the same cure, or a better one, ends
  double saved() const { return tried ? now.elapsed - then.elapsed : 0; }
};

Access remedied(Remedy::Kind kind, Access access) {
  switch (kind) {
    case Remedy::Kind::upload:
      access.kind = Access::Kind::upload;
      break;
    case Remedy::Kind::download:
      access.kind = Access::Kind::download;
      break;
    case Remedy::Kind::blocks:
      access.profile =
          with_variables(access.profile, {{"DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED", "true"}});
      break;
    case Remedy::Kind::whole_files:
      access.profile =
          with_variables(access.profile, {{"DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED", "false"},
                                          {"DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT", "0"}});
      break;
    case Remedy::Kind::no_read_ahead:
      access.profile =
          with_variables(access.profile, {{"DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT", "0"}});
      break;
  }
  return access;
}

class Weigher {
 public:
  Weigher(const IoRecord& record, const meter::CostProfile& cost)
      : record_(record), cost_(cost), contents_(contents_of(record.ledger)) {
    now_ = fuse::sum_of(phases_of(record.ledger, {}), cost);
    for (std::size_t n = 1; n < record.ledger.sessions.size(); ++n) {
      const auto note = note_of(record.ledger, static_cast<std::uint16_t>(n));
      accesses_[note.name] = fuse::recorded_access(note);
    }
  }

  const Access& recorded(const std::string& session) const { return accesses_.at(session); }

  // Nothing where what is advised would save nothing: it is no advice then.
  std::optional<Weighed> weigh(const meter::Advice& advice) {
    Weighed best{advice, advice.fix, std::nullopt, now_, now_, {}};
    for (const auto& remedy : advice.remedies) {
      const fuse::Sum& then = sum_with(advice.session, remedy.kind);
      if (then.elapsed >= best.then.elapsed) continue;
      best.then = then;
      best.tried = remedy.kind;
      best.fix = remedy.fix;
    }
    if (!best.tried && advice.fix.empty()) return std::nullopt;
    return best;
  }

 private:
  const fuse::Sum& sum_with(const std::string& session, Remedy::Kind kind) {
    auto& known = sums_[{session, kind}];
    if (known) return *known;
    fuse::WhatIf what;
    what.contents = contents_;
    what.bindings[session] = remedied(kind, accesses_.at(session));
    known = most_of(fuse::replay(record_.ledger, what), cost_);
    return *known;
  }

  const IoRecord& record_;
  const meter::CostProfile& cost_;
  std::map<std::string, fuse::Contents> contents_;
  std::map<std::string, Access> accesses_;
  std::map<std::pair<std::string, Remedy::Kind>, std::optional<fuse::Sum>> sums_;
  fuse::Sum now_;
};

// What only the mounts' own room knows.
void complete(meter::IoFacts& facts, const IoRecord& record) {
  for (auto& session : facts.sessions) {
    if (session.note.mode != "mount") continue;
    const Access access = fuse::recorded_access(session.note);
    session.reads_blocks = access.profile.reads_blocks;
    session.has_cache_limit =
        access.profile.cache_bytes.has_value() || fuse::cache_limit(access.profile).has_value();
    fuse::WhatIf same;
    same.bindings[session.note.name] = access;
    if (!access.profile.is_local_disk)
      session.most_cached = fuse::replay(record.ledger, same).most_cached;
  }
  boost::system::error_code failed;
  if (record.snapshot.empty()) return;
  for (fs::recursive_directory_iterator entry(record.snapshot, failed), end;
       !failed && entry != end; entry.increment(failed)) {
    boost::system::error_code gone;
    if (entry->path().extension() != ".py" || !fs::is_regular_file(entry->path(), gone)) continue;
    for (auto& one :
         meter::discarded_modes(entry->path().lexically_relative(record.snapshot).native(),
                                base::read_file(entry->path())))
      facts.discarded.push_back(std::move(one));
  }
}

// A binding is reached in one way: of the cures for it the one that saves most, with what it ends.
std::vector<Weighed> one_cure_a_binding(std::vector<Weighed> all) {
  std::vector<Weighed> kept;
  for (auto& one : all) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Weighed& other) {
      return one.tried && other.tried && other.advice.session == one.advice.session;
    });
    if (same == kept.end())
      kept.push_back(std::move(one));
    else
      same->also.push_back(one.advice.cause);
  }
  return kept;
}

std::vector<Weighed> weigh_all(const IoRecord& record, const meter::CostProfile& cost) {
  meter::ReportOptions options;
  options.opened = record.opened;
  auto facts = facts_of(record.ledger, make_report(record.ledger, cost, options), cost);
  facts.estimated = record.estimated;
  complete(facts, record);
  Weigher weigher(record, cost);
  std::vector<Weighed> all;
  for (const auto& advice : advise(facts))
    if (auto weighed = weigher.weigh(advice)) all.push_back(std::move(*weighed));
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.saved() > b.saved(); });
  return one_cure_a_binding(std::move(all));
}

std::string mode_of(Remedy::Kind kind) {
  return kind == Remedy::Kind::upload ? "upload" : kind == Remedy::Kind::download ? "download" : "";
}

std::string saving_text(const Weighed& one) {
  const auto less = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
  return fmt::format(
      "saves {} of {}, {} of traffic, {} requests, {}", meter::seconds_text(one.saved()),
      meter::seconds_text(one.now.elapsed),
      base::bytes_text(less(one.now.sent + one.now.fetched, one.then.sent + one.then.fetched)),
      less(one.now.requests, one.then.requests),
      meter::dollars_text(std::max(0.0, one.now.dollars - one.then.dollars)));
}

void show(const IoRecord& record, const std::vector<Weighed>& all, const meter::CostProfile& cost,
          App& app) {
  app.out << fmt::format("step {} of run {}, under {}\n", record.step, record.run, cost.name);
  if (all.empty()) app.out << "nothing to advise: no rule finds anything that would help\n";
  int number = 0;
  for (const auto& one : all) {
    app.out << fmt::format("{}. {}\n", ++number, one.advice.cause);
    constexpr std::size_t most = 3;
    for (std::size_t n = 0; n < std::min(most, one.also.size()); ++n)
      app.out << fmt::format("   also: {}\n", one.also[n]);
    if (one.also.size() > most)
      app.out << fmt::format("   also: {} more; --json has all of them\n", one.also.size() - most);
    app.out << fmt::format("   {}\n", one.fix);
    if (!one.tried) continue;
    app.out << fmt::format("   {}\n", saving_text(one));
    if (const auto mode = mode_of(*one.tried); !mode.empty())
      app.out << fmt::format("   see it: amlocal io compare {}/{} --mode {}={}\n", record.run,
                             record.step, one.advice.session, mode);
  }
}

json to_json(const IoRecord& record, const std::vector<Weighed>& all,
             const meter::CostProfile& cost) {
  json advice = json::array();
  for (const auto& one : all)
    advice.push_back(
        {{"rule", one.advice.rule},
         {"session", one.advice.session},
         {"path", one.advice.path},
         {"line", one.advice.line},
         {"cause", one.advice.cause},
         {"also", one.also},
         {"fix", one.fix},
         {"saved_seconds", one.tried ? json(one.saved()) : json(nullptr)},
         {"saved_dollars", one.tried ? json(one.now.dollars - one.then.dollars) : json(nullptr)}});
  return {{"run", record.run},
          {"step", record.step},
          {"cost_profile", cost.name},
          {"advice", std::move(advice)}};
}

int advise_run(const Args& args, App& app) {
  const Project project = open_project(app.here);
  const auto cost = meter::load_cost_profile(args.cost);
  json steps = json::array();
  for (const auto& record : read_io(project, args.run)) {
    const auto all = weigh_all(record, cost);
    if (args.json)
      steps.push_back(to_json(record, all, cost));
    else
      show(record, all, cost, app);
  }
  if (args.json)
    app.out << json{{"steps", std::move(steps)}}.dump(2, ' ', false, json::error_handler_t::replace)
            << "\n";
  return 0;
}

}  // namespace

std::vector<Verb> verbs_of_io_advise() {
  return {make_verb<Args>("io advise", "io_advise", declare, advise_run, Words::runs)};
}

}  // namespace cli
