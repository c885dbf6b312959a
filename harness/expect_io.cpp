#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "harness/expect.hpp"
#include "meter/cost_profile.hpp"
#include "meter/report.hpp"
#include "step/audit.hpp"
#include "step/estimate.hpp"

namespace harness {
namespace {

using text::Node;

// What is counted, in the words of a test.
enum class What {
  uploads,
  downloads,
  listings,
  requests,
  opens,
  sent,
  fetched,
  written,
  read,
  amplification,
  cloud_seconds,
  dollars
};

const std::map<std::string, What>& whats() {
  static const std::map<std::string, What> known = {{"uploads", What::uploads},
                                                    {"downloads", What::downloads},
                                                    {"listings", What::listings},
                                                    {"requests", What::requests},
                                                    {"opens", What::opens},
                                                    {"bytes sent", What::sent},
                                                    {"bytes fetched", What::fetched},
                                                    {"bytes written", What::written},
                                                    {"bytes read", What::read},
                                                    {"amplification", What::amplification},
                                                    {"cloud seconds", What::cloud_seconds},
                                                    {"dollars", What::dollars}};
  return known;
}

struct Phrase {
  What what = What::uploads;
  std::string binding;  // "outputs.logs"; "" for all
  std::string path;     // in it; "" for all of it
};

struct Bound {
  enum class Kind { exactly, at_most, at_least } kind = Kind::exactly;
  double amount = 0;
  std::string text;  // "at most 1"
};

// Throws bad_definition: a misspelt binding would count nothing, and hold.
Phrase phrase_of(const std::string& text, const std::vector<std::string>& bindings) {
  Phrase phrase;
  const auto of = text.find(" of ");
  const std::string word = text.substr(0, of);
  const auto known = whats().find(word);
  if (known == whats().end()) {
    std::vector<std::string> names;
    for (const auto& each : whats()) names.push_back(each.first);
    throw base::Error(base::Code::bad_definition, fmt::format("'{}' is nothing to count", word))
        .hint(text::did_you_mean(word, names));
  }
  phrase.what = known->second;
  if (of == std::string::npos) return phrase;
  phrase.binding = text.substr(of + 4);
  if (const auto slash = phrase.binding.find('/'); slash != std::string::npos) {
    phrase.path = phrase.binding.substr(slash + 1);
    phrase.binding.resize(slash);
  }
  if (std::find(bindings.begin(), bindings.end(), phrase.binding) == bindings.end())
    throw base::Error(base::Code::bad_definition,
                      fmt::format("the step has no '{}'", phrase.binding))
        .hint(text::did_you_mean(phrase.binding, bindings));
  return phrase;
}

Bound bound_of(const std::string& text, What what) {
  Bound bound;
  std::string rest = text;
  for (const auto& [word, kind] :
       {std::pair{"at most ", Bound::Kind::at_most}, std::pair{"at least ", Bound::Kind::at_least},
        std::pair{"exactly ", Bound::Kind::exactly}})
    if (rest.starts_with(word)) {
      bound.kind = kind;
      rest.erase(0, std::string_view(word).size());
      break;
    }
  bound.text = text;
  if (const auto number = meter::parse_number(rest))
    bound.amount = *number;
  else if (const auto bytes = meter::parse_bytes(rest);
           bytes && what >= What::sent && what <= What::read)
    bound.amount = static_cast<double>(*bytes);
  else if (const auto time = meter::parse_duration(rest); time && what == What::cloud_seconds)
    bound.amount = meter::seconds(*time);
  else
    throw base::Error(base::Code::bad_definition, fmt::format("'{}' is no bound", text))
        .hint("such as: at most 1, at least 2, exactly 3; bytes as 10 MB, cloud seconds as 2 s");
  return bound;
}

bool lies_in(const Phrase& phrase, const std::string& session, const std::string& path) {
  if (!phrase.binding.empty() && phrase.binding != session) return false;
  return phrase.path.empty() || path == phrase.path || path.starts_with(phrase.path + "/");
}

class Record {
 public:
  Record(const Case& test, const Ran& ran)
      : profile_(meter::load_cost_profile(test.cost.empty() ? "blob-standard" : test.cost)),
        ledger_(read(ran)),
        report_(meter::make_report(
            ledger_, profile_,
            {.recorded_under = test.cost.empty() ? nullptr : &profile_, .full_trace = false})) {}

  double amount(const Phrase& phrase) const {
    switch (phrase.what) {
      case What::uploads:
        return count(phrase, meter::Op::put);
      case What::downloads:
        return count(phrase, meter::Op::get);
      case What::listings:
        return count(phrase, meter::Op::list);
      case What::cloud_seconds:
        if (phrase.binding.empty()) return report_.elapsed;
        break;
      case What::dollars:
        if (phrase.binding.empty()) return report_.total.dollars;
        break;
      default:
        break;
    }
    meter::FileRow sum;
    for (const auto& file : report_.files) {
      if (!lies_in(phrase, file.session, file.path)) continue;
      sum.opens += file.opens;
      sum.read += file.read;
      sum.written += file.written;
      sum.spent.requests += file.spent.requests;
      sum.spent.sent += file.spent.sent;
      sum.spent.fetched += file.spent.fetched;
      sum.spent.seconds += file.spent.seconds;
      sum.spent.dollars += file.spent.dollars;
    }
    return of_row(sum, phrase.what);
  }

  // The files that count most, for who must find the reason.
  std::string shown() const {
    meter::Show show;
    show.by = meter::By::file;
    show.most = 5;
    return meter::report_table(report_, show);
  }

 private:
  static double of_row(const meter::FileRow& row, What what) {
    switch (what) {
      case What::requests:
        return static_cast<double>(row.spent.requests);
      case What::opens:
        return static_cast<double>(row.opens);
      case What::sent:
        return static_cast<double>(row.spent.sent);
      case What::fetched:
        return static_cast<double>(row.spent.fetched);
      case What::written:
        return static_cast<double>(row.written);
      case What::read:
        return static_cast<double>(row.read);
      case What::amplification:
        return row.amplification().value_or(0);
      case What::cloud_seconds:
        return row.spent.seconds;
      case What::dollars:
        return row.spent.dollars;
      case What::uploads:
      case What::downloads:
      case What::listings:
        break;
    }
    return 0;
  }

  double count(const Phrase& phrase, meter::Op op) const {
    double count = 0;
    for (const auto& entry : ledger_.entries)
      if (entry.op == op &&
          lies_in(phrase, ledger_.sessions.at(entry.session), ledger_.names.at(entry.name)))
        ++count;
    return count;
  }

  // Of a machine that cannot mount, what the audit hook saw must do.
  static meter::LedgerText read(const Ran& ran) {
    boost::system::error_code ignored;
    if (fs::exists(ran.folder / "io", ignored)) return meter::read_ledger(ran.folder / "io");
    if (!fs::exists(ran.folder / "audit.jsonl", ignored))
      throw base::Error(base::Code::not_found, "the step left no record of its input and output")
          .hint("'data_access: mount' of the test, on a machine that can mount, records it");
    return step::estimate(step::read_audit(ran.folder / "audit.jsonl").records,
                          [&](const step::InBinding& place) -> std::optional<std::uint64_t> {
                            if (!place.binding.starts_with("outputs.")) return std::nullopt;
                            boost::system::error_code failed;
                            const fs::path root = ran.outputs / place.binding.substr(8);
                            const auto size = fs::file_size(
                                fs::is_directory(root, failed) ? root / place.path : root, failed);
                            return failed ? std::nullopt : std::optional<std::uint64_t>(size);
                          });
  }

  const meter::CostProfile profile_;
  const meter::LedgerText ledger_;
  const meter::Report report_;
};

struct Claim {
  const text::Entry* entry;
  Phrase phrase;
  Bound bound;
};

void judge_claim(const Claim& claim, const Record& record, std::vector<Finding>& findings) {
  const double amount = record.amount(claim.phrase);
  const bool holds = claim.bound.kind == Bound::Kind::at_most    ? amount <= claim.bound.amount
                     : claim.bound.kind == Bound::Kind::at_least ? amount >= claim.bound.amount
                                                                 : amount == claim.bound.amount;
  if (!holds)
    findings.push_back(
        {claim.entry->value.place,
         fmt::format("{}: {:.6g}, expected {}", claim.entry->key, amount, claim.bound.text),
         record.shown()});
}

}  // namespace

void judge_io(const Node& rules, const Case& test, const Ran& ran, std::vector<Finding>& findings) {
  std::vector<Claim> claims;
  for (const auto& entry : rules.entries) {
    try {
      const Phrase phrase = phrase_of(entry.key, ran.bindings);
      claims.push_back({&entry, phrase, bound_of(entry.value.scalar, phrase.what)});
    } catch (const base::Error& error) {
      findings.push_back({entry.key_place, error.message(), error.hint() + "\n"});
    }
  }
  if (claims.empty()) return;
  try {
    const Record record(test, ran);
    for (const auto& claim : claims) judge_claim(claim, record, findings);
  } catch (const base::Error& error) {
    findings.push_back({rules.place, "io: " + error.message(), error.hint() + "\n"});
  }
}

}  // namespace harness
