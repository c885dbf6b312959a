// What scripts logged, in a SQLite file of the run's folder. It is a record of its own and not made
// from the journal: a million points want queries, and SQLite keeps each batch whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "history/history.hpp"
#include "history/sqlite.hpp"
#include "model/tracking.hpp"

namespace history {

fs::path tracking_path(const workspace::Layout&, const std::string& run);

// Of the pipeline's run and of its steps only what they logged is here, under their ids; the rest
// of them is in the journal. Child runs are here altogether. Not to be used by two threads at once.
class Tracking {
 public:
  // Opens or makes the file. Throws corrupt, newer_version, permission, no_space or io.
  explicit Tracking(const fs::path& file);

  // A child run: throws exists where its id is taken.
  void create(const model::TrackedRun&);
  // The run's name, status, times and words as far as they are here; nothing for an id that has
  // logged nothing.
  std::optional<model::TrackedRun> find(const std::string& id);
  // Child runs of `parent`, oldest first; of everybody where it is "".
  std::vector<model::TrackedRun> children(const std::string& parent);
  // Throws conflict for a property or parameter that has another value already.
  void change(const std::string& id, const model::RunChange&);

  void log(const std::string& id, const std::vector<model::MetricPoint>&);
  // Every point of the run, in the order of names and then of arrival, one at a time: memory stays
  // flat. `name` "": of all metrics.
  void each_metric(const std::string& id, const std::string& name,
                   const std::function<void(const model::MetricPoint&)>&);
  // Up to `most` numbers of one metric in the order of arrival, behind the position `after`, into
  // `points`. Returns the position of the last, 0 when there are no more.
  std::int64_t page(const std::string& id, const std::string& name, std::int64_t after,
                    std::size_t most, std::vector<model::MetricPoint>& points);
  // The last point of each metric, by step and then time, as MLflow shows it; and how many there
  // are.
  struct Latest {
    model::MetricPoint point;
    std::uint64_t count = 0;
  };
  std::vector<Latest> latest(const std::string& id);

 private:
  std::int64_t name_id(const std::string& run, const model::MetricPoint&);
  void put_words(const std::string& id, int kind, const model::Words&, bool fixed);

  sqlite::Database database_;
  // (run, name, kind) → id; only what this object has seen.
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> names_;
};

}  // namespace history
