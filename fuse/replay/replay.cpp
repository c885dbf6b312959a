#include "fuse/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.hpp"
#include "fuse/replay/mounted.hpp"
#include "fuse/replay/parting.hpp"
#include "fuse/server/transfer.hpp"

namespace fuse {
namespace {

using Kind = Access::Kind;
using meter::Op;

constexpr std::uint64_t page_size = 5000;  // entries; source: List Blobs

using Batches = std::vector<std::vector<meter::Request>>;

void add_batch(Batches& batches, Charges& charges) {
  if (charges.count() > 0) batches.push_back(charges.take());
}

void get_all(const std::vector<const std::pair<std::string, std::uint64_t>*>& files,
             std::uint64_t task, Charges& charges) {
  std::uint64_t thread = 0;
  for (const auto* file : files) {
    const std::uint64_t by = task + 1 + thread++ % transfer_threads;
    std::uint64_t at = 0;
    do {
      const std::uint64_t bytes = std::min(transfer_block, file->second - at);
      charges.ask(Op::get, file->first, bytes, by);
      at += bytes;
    } while (at < file->second);
  }
}

// As transfer.cpp does it, without a store: of each folder a listing, then its files in blocks side
// by side. Which folders hold nothing is not known; their listings come first.
void download(const Contents& contents, std::uint64_t session, Charges& charges, Batches& batches) {
  const std::uint64_t task = session << 32U;
  std::map<std::string, std::vector<const std::pair<std::string, std::uint64_t>*>> folders;
  for (const auto& file : contents.files) {
    const std::size_t slash = file.first.rfind('/');
    folders[slash == std::string::npos ? "" : file.first.substr(0, slash)].push_back(&file);
  }
  if (contents.one_file) {
    for (const auto& file : contents.files) charges.ask(Op::head, file.first, 0, task);
  } else {
    const std::uint64_t entries = contents.files.size() + contents.folders - 1;
    for (std::uint64_t n = 0; n < contents.folders; ++n)
      charges.ask(Op::list, "", n == 0 ? std::min(entries, page_size) : 0, task);
    for (std::uint64_t left = entries; left > page_size; left -= std::min(left, page_size))
      charges.ask(Op::list, "", std::min(left - page_size, page_size), task);
  }
  add_batch(batches, charges);
  for (const auto& [folder, files] : folders) {
    get_all(files, task, charges);
    add_batch(batches, charges);
  }
}

// Every file that the step left, once.
void upload(const Mounted& model, Names& names, std::uint64_t session, Charges& charges) {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (const auto& file : model.files())
    if (file.written && !file.removed) files.emplace_back(names.text(file.path), file.size);
  std::sort(files.begin(), files.end());
  std::uint64_t thread = 0;
  for (const auto& [path, size] : files)
    charges.ask(Op::put, path, size, (session << 32U) + 1 + thread++ % transfer_threads);
}

// One binding on its way through the record.
struct Session {
  std::string name;
  meter::SessionNote note;
  Access recorded;
  Access access;
  Profile then;  // whose answers the recorded step met
  std::unique_ptr<Names> names;
  std::unique_ptr<Mounted> model;
  bool as_recorded = false;  // its requests are those of the record
  std::uint64_t told = 0;    // of which operations it was said that they end otherwise, a bit each
};

std::string lifetime(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:g} s", *seconds) : "for ever";
}

// With the answers that a step gets.
Profile with_answers(Profile profile) {
  if (profile.is_local_disk)
    profile.locks = profile.symlinks = profile.links = profile.nodes = profile.allocation =
        Status::ok;
  return profile;
}

class Replay {
 public:
  // `count`: only so many of the entries happen, and then the step is gone.
  Replay(const meter::LedgerText& text, const WhatIf& wanted, std::size_t count)
      : text_(text), wanted_(wanted), count_(count) {}

  Prediction run() {
    open_sessions();
    for (const auto& entry : text_.entries)
      if (entry.session < sessions_.size() && sessions_[entry.session].model)
        sessions_[entry.session].model->foresee(entry);
    for (std::size_t n = 0; n < count_; ++n) {
      const auto& entry = text_.entries[n];
      last_ = std::max(last_, entry.end_ns);
      if (entry.session >= sessions_.size()) continue;
      Session& session = sessions_[entry.session];
      if (!meter::is_request(entry.op) && session.model && ends_otherwise(session, entry))
        parted_at_ = std::min(parted_at_, n);
    }
    for (std::size_t n = 1; n < sessions_.size(); ++n) close(n);
    result_.requests.during = during_.take();
    keep_recorded();
    if (count_ < text_.entries.size()) result_.requests.after.clear();  // of a failed step
    if (parted_at_ < count_) result_.least = Replay(text_, wanted_, parted_at_).run().requests;
    return std::move(result_);
  }

 private:
  void open_sessions() {
    sessions_.resize(text_.sessions.size());
    std::vector<std::string> known;
    for (std::size_t n = 1; n < sessions_.size(); ++n) {
      Session& session = sessions_[n];
      session.note = note_of(text_, static_cast<std::uint16_t>(n));
      session.name = session.note.name;
      session.recorded = session.access = recorded_access(session.note);
      session.then = with_answers(session.recorded.kind == Kind::mount ? session.recorded.profile
                                                                       : *find_profile("ideal"));
      known.push_back(session.name);
      const auto wanted = wanted_.bindings.find(session.name);
      session.as_recorded = wanted == wanted_.bindings.end();
      if (session.as_recorded) continue;
      session.access = wanted->second;
      require_seen(session);
      session.names = std::make_unique<Names>(text_);
      const bool moved = session.access.kind != Kind::mount;
      // What goes through no mount is a local disk to the step.
      if (moved) session.access.profile = *find_profile("ideal");
      session.access.profile = with_answers(session.access.profile);
      const double then = session.recorded.profile.missing_seconds;
      const double now = session.access.profile.missing_seconds;
      session.model = std::make_unique<Mounted>(session.access.profile, *session.names,
                                                moved ? nullptr : &during_,
                                                now > then && !session.note.full_trace ? now : 0);
    }
    for (const auto& [name, access] : wanted_.bindings)
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw base::Error(base::Code::not_found,
                          fmt::format("the step's record has no binding '{}'", name))
            .hint(fmt::format("it has {}", fmt::join(known, ", ")));
  }

  static void require_seen(const Session& session) {
    if (session.recorded.kind == Kind::mount || session.note.full_trace) return;
    throw base::Error(base::Code::bad_input,
                      fmt::format("what the step did in '{}' was not seen: it was reached by {}",
                                  session.name, session.note.mode))
        .hint("run it again with --trace full, or with the binding mounted");
  }

  // Takes it, and tells whether the step would have met another answer.
  static bool ends_otherwise(Session& session, const meter::Entry& entry) {
    Mounted& model = *session.model;
    const std::size_t doubts = model.doubts().size();
    const Profile& now = session.access.profile;
    const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(entry.op);
    if ((session.told & bit) == 0)
      if (auto why = parting(entry, session.names->path(entry.name), session.then, now)) {
        session.told |= bit;
        model.doubt(std::move(*why));
      }
    model.take(entry);
    return model.doubts().size() > doubts;
  }

  void close(std::size_t number) {
    Session& session = sessions_[number];
    if (!session.model) return;
    if (session.access.kind == Kind::mount) {
      session.model->finish(after_);
      doubt_lifetimes(session);
    } else if (session.access.kind == Kind::upload) {
      upload(*session.model, *session.names, number, after_);
    } else {
      download_of(session, number);
    }
    add_batch(result_.requests.after, after_);
    result_.most_cached += session.model->most_cached();
    for (const auto& doubt : session.model->doubts())
      result_.doubts.push_back(fmt::format("{}: {}", session.name, doubt));
  }

  void download_of(const Session& session, std::size_t number) {
    const auto known = wanted_.contents.find(session.name);
    if (known != wanted_.contents.end())
      return download(known->second, number, before_, result_.requests.before);
    Contents contents;
    for (const auto& file : session.model->files())
      contents.files.emplace_back(session.names->text(file.path), file.size);
    download(contents, number, before_, result_.requests.before);
    result_.doubts.push_back(fmt::format(
        "{}: a download fetches all that lies there; the record knows the files that the step used",
        session.name));
  }

  // The kernel asks again when what it was told has expired; of what it believed, the record saw
  // nothing.
  void doubt_lifetimes(const Session& session) {
    const Profile& now = session.access.profile;
    const Profile& then = session.recorded.profile;
    if (session.note.full_trace || now.is_local_disk) return;
    const auto longer = [](const std::optional<double>& a, const std::optional<double>& b) {
      return b && (!a || *a > *b);
    };
    const double end = static_cast<double>(last_) / 1e9;
    std::uint64_t more = 0;
    if (longer(then.attribute_seconds, now.attribute_seconds) && *now.attribute_seconds > 0)
      for (const double since : session.model->known_since())
        more += static_cast<std::uint64_t>((end - since) / *now.attribute_seconds);
    if (more > 0)
      result_.doubts.push_back(fmt::format(
          "{}: {} keeps attributes {}, and {}, which was recorded, {}", session.name, now.name,
          lifetime(now.attribute_seconds), then.name, lifetime(then.attribute_seconds)));
    if (then.missing_seconds > now.missing_seconds && session.model->has_missed()) {
      result_.heads_without_end = true;
      result_.doubts.push_back(fmt::format(
          "{}: {} believed for {:g} s that a name is not there, {} for {:g} s", session.name,
          then.name, then.missing_seconds, now.name, now.missing_seconds));
    }
    result_.more_heads += more;
  }

  // Bindings that stay as they were keep the requests of the record.
  void keep_recorded() {
    meter::LedgerText kept;
    kept.sessions = text_.sessions;
    kept.notes = text_.notes;
    bool any = false;
    for (const auto& session : sessions_)
      any = any || (session.as_recorded && !session.name.empty());
    if (!any) return;
    for (std::size_t n = 0; n < count_; ++n)
      if (const auto& entry = text_.entries[n];
          entry.session < sessions_.size() && sessions_[entry.session].as_recorded)
        kept.entries.push_back(entry);
    auto recorded = phases_of(kept, {});
    meter::Phases& all = result_.requests;
    const std::uint64_t shift = all.during.size();
    for (auto& request : recorded.during) {
      if (request.after != 0) request.after += shift;
      all.during.push_back(request);
    }
    std::move(recorded.before.begin(), recorded.before.end(), std::back_inserter(all.before));
    std::move(recorded.after.begin(), recorded.after.end(), std::back_inserter(all.after));
  }

  const meter::LedgerText& text_;
  const WhatIf& wanted_;
  const std::size_t count_;
  std::size_t parted_at_ = static_cast<std::size_t>(-1);  // the first entry that ends otherwise
  Prediction result_;
  Charges before_, during_, after_;
  std::vector<Session> sessions_;
  std::uint64_t last_ = 0;
};

}  // namespace

Access recorded_access(const meter::SessionNote& note) {
  Access access;
  access.kind = note.mode == "upload"     ? Kind::upload
                : note.mode == "download" ? Kind::download
                                          : Kind::mount;
  const Profile* profile = find_profile(note.profile.empty() ? "rslex" : note.profile);
  if (profile == nullptr)
    throw base::Error(
        base::Code::bad_input,
        fmt::format("the record names a mount profile '{}' that is not known", note.profile))
        .hint("run the step again");
  access.profile = with_variables(*profile, note.variables);
  return access;
}

Prediction replay(const meter::LedgerText& text, const WhatIf& wanted) {
  return Replay(text, wanted, text.entries.size()).run();
}

Sum sum_of(const meter::Phases& phases, const meter::CostProfile& profile) {
  const auto result = simulate(phases, profile);
  std::uint64_t failed = 0;
  const auto count = [&](const std::vector<meter::Request>& batch) {
    for (const auto& request : batch) failed += request.failed ? 1 : 0;
  };
  for (const auto& batch : phases.before) count(batch);
  count(phases.during);
  for (const auto& batch : phases.after) count(batch);
  return {result.cost.counts.sum() + failed,
          result.cost.up,
          result.cost.down,
          meter::seconds(result.busy),
          meter::seconds(result.end),
          result.dollars};
}

Sum sum_of(const Prediction& prediction, const meter::CostProfile& profile) {
  return sum_of(prediction.requests, profile);
}

Sum least_of(const Prediction& prediction, const meter::CostProfile& profile) {
  const Sum expected = sum_of(prediction, profile);
  if (!prediction.least) return expected;
  Sum least = sum_of(*prediction.least, profile);
  least.elapsed = std::min(least.elapsed, expected.elapsed);
  return least;
}

Sum most_of(const Prediction& prediction, const meter::CostProfile& profile) {
  Sum sum = sum_of(prediction, profile);
  const auto cost = cost_of(profile, Op::head, 0, 0);
  const auto n = static_cast<double>(prediction.more_heads);
  sum.requests += prediction.more_heads;
  sum.seconds += n * meter::seconds(alone(profile, cost));
  sum.elapsed += n * meter::seconds(alone(profile, cost));
  sum.dollars += n * dollars(profile, cost);
  return sum;
}

}  // namespace fuse
