#include "history/tracking.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <thread>
#include <tuple>

#include "base/error.hpp"
#include "base/files.hpp"

namespace history {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t schema_version = 1;

// `words.kind`: 0 tag, 1 property, 2 parameter, 3 note. `names.latest` is the rowid of the point to
// show.
constexpr const char* schema = R"(
CREATE TABLE runs (
  id TEXT PRIMARY KEY, position INTEGER, name TEXT, parent TEXT, kind INTEGER, status TEXT,
  error TEXT, started TEXT, ended TEXT
) WITHOUT ROWID;
CREATE TABLE words (
  run TEXT, kind INTEGER, name TEXT, value TEXT, PRIMARY KEY (run, kind, name)
) WITHOUT ROWID;
CREATE TABLE names (
  id INTEGER PRIMARY KEY, run TEXT, name TEXT, kind TEXT, points INTEGER, latest INTEGER,
  latest_step INTEGER, latest_time INTEGER, UNIQUE (run, name, kind)
);
CREATE TABLE points (
  name INTEGER, number REAL, json TEXT, step INTEGER, time INTEGER
);
CREATE INDEX points_by_name ON points (name);
PRAGMA user_version = 1;
)";

enum Kind { tag, property, param, note };

Database open_once(const fs::path& file) {
  Database database(file);
  // A killed process loses nothing; a power cut may lose the last batches, never the file.
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const auto version = [&] {
    Statement statement(database, "PRAGMA user_version");
    return statement.step() ? statement.integer() : 0;
  };
  if (version() == 0) {
    Transaction transaction(database);
    // unless another process was faster
    if (version() == 0) database.execute(schema);
    transaction.commit();
  }
  if (version() > schema_version)
    throw base::Error(base::Code::newer_version,
                      fmt::format("'{}' was made by a newer amlocal (schema {}; this one knows {})",
                                  base::display_path(file), version(), schema_version))
        .hint("update amlocal");
  return database;
}

// SQLite makes a null of it. No JSON text is this.
const std::string not_a_number = "NaN";

// Of two that make the file at once, SQLite sends one away without the wait that it was told.
Database open(const fs::path& file) {
  for (int tries = 0;; ++tries) {
    try {
      return open_once(file);
    } catch (const base::Error& error) {
      constexpr int patience = 500;
      if (error.code() != base::Code::conflict || tries == patience) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::int64_t ticks(base::Time time) {
  return time.time_since_epoch().count();
}
base::Time time_of(std::int64_t ticks) {
  return base::Time(std::chrono::microseconds(ticks));
}
std::string iso(const std::optional<base::Time>& time) {
  return time ? base::to_iso(*time) : "";
}
std::optional<base::Time> time_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return base::from_iso(text);
}

model::Words read_words(const Database& database, const std::string& id, Kind kind) {
  model::Words words;
  Statement statement(database, "SELECT name, value FROM words WHERE run = ? AND kind = ?");
  statement.bind(id).bind(static_cast<std::int64_t>(kind));
  while (statement.step()) {
    std::string name = statement.text();
    words[std::move(name)] = statement.text();
  }
  return words;
}

model::TrackedRun read_row(const Database& database, Statement& row) {
  model::TrackedRun run;
  run.id = row.text();
  run.name = row.text();
  run.parent = row.text();
  run.kind = static_cast<model::TrackedRun::Kind>(row.integer());
  run.status = model::parse_status(row.text()).value_or(model::Status::running);
  run.error = row.text();
  run.started = time_of(row.text());
  run.ended = time_of(row.text());
  run.tags = read_words(database, run.id, tag);
  run.properties = read_words(database, run.id, property);
  run.params = read_words(database, run.id, param);
  run.notes = read_words(database, run.id, note);
  return run;
}

// A number or null, then a text or null, a step or null, and the time.
model::MetricPoint read_point(std::string name, std::string kind, Statement& row) {
  model::MetricPoint point;
  point.name = std::move(name);
  point.kind = std::move(kind);
  const bool has_number = !row.is_null();
  const double number = row.real();
  if (has_number) point.number = number;
  point.json = row.text();
  if (point.json == not_a_number) {
    point.number = std::numeric_limits<double>::quiet_NaN();
    point.json.clear();
  }
  const bool has_step = !row.is_null();
  const std::int64_t step = row.integer();
  if (has_step) point.step = step;
  point.time = time_of(row.integer());
  return point;
}

}  // namespace

fs::path tracking_path(const workspace::Layout& layout, const std::string& run) {
  return layout.run(run) / "tracking.sqlite";
}

Tracking::Tracking(const fs::path& file) : database_(open(file)) {}

void Tracking::create(const model::TrackedRun& run) {
  Transaction transaction(database_);
  Statement taken(database_, "SELECT 1 FROM runs WHERE id = ?");
  if (taken.bind(run.id).step())
    throw base::Error(base::Code::exists, fmt::format("there is already a run '{}'", run.id));
  Statement(database_,
            "INSERT INTO runs VALUES (?, (SELECT coalesce(max(position), 0) + 1 FROM runs), ?, ?, "
            "?, ?, ?, ?, ?)")
      .bind(run.id)
      .bind(run.name)
      .bind(run.parent)
      .bind(static_cast<std::int64_t>(run.kind))
      .bind(std::string(to_string(run.status)))
      .bind(run.error)
      .bind(iso(run.started))
      .bind(iso(run.ended))
      .run();
  put_words(run.id, tag, run.tags, false);
  put_words(run.id, property, run.properties, true);
  put_words(run.id, param, run.params, true);
  transaction.commit();
}

std::optional<model::TrackedRun> Tracking::find(const std::string& id) {
  Transaction reading(database_, "BEGIN");
  Statement statement(database_,
                      "SELECT id, name, parent, kind, status, error, started, ended FROM runs "
                      "WHERE id = ?");
  if (statement.bind(id).step()) return read_row(database_, statement);
  model::TrackedRun run;
  run.id = id;
  run.tags = read_words(database_, id, tag);
  run.properties = read_words(database_, id, property);
  run.params = read_words(database_, id, param);
  run.notes = read_words(database_, id, note);
  Statement named(database_, "SELECT 1 FROM names WHERE run = ? LIMIT 1");
  if (run.tags.empty() && run.properties.empty() && run.params.empty() && run.notes.empty() &&
      !named.bind(id).step())
    return std::nullopt;
  return run;
}

std::vector<model::TrackedRun> Tracking::children(const std::string& parent) {
  Transaction reading(database_, "BEGIN");
  Statement statement(database_,
                      "SELECT id, name, parent, kind, status, error, started, ended FROM runs "
                      "WHERE ?1 = '' OR parent = ?1 ORDER BY position");
  statement.bind(parent);
  std::vector<model::TrackedRun> runs;
  while (statement.step()) runs.push_back(read_row(database_, statement));
  return runs;
}

void Tracking::put_words(const std::string& id, int kind, const model::Words& words, bool fixed) {
  for (const auto& [name, value] : words) {
    if (fixed) {
      Statement old(database_, "SELECT value FROM words WHERE run = ? AND kind = ? AND name = ?");
      old.bind(id).bind(std::int64_t{kind}).bind(name);
      if (old.step()) {
        const std::string before = old.text();
        if (before == value) continue;
        throw base::Error(
            base::Code::conflict,
            fmt::format("{} '{}' is '{}' already and cannot become '{}'",
                        kind == property ? "property" : "parameter", name, before, value))
            .hint(kind == property ? "properties stay as they are; use a tag for what changes"
                                   : "log it in a run of its own, or under another name");
      }
    }
    Statement(database_, "INSERT OR REPLACE INTO words VALUES (?,?,?,?)")
        .bind(id)
        .bind(std::int64_t{kind})
        .bind(name)
        .bind(value)
        .run();
  }
}

void Tracking::change(const std::string& id, const model::RunChange& change) {
  Transaction transaction(database_);
  const auto set = [&](const char* sql, const std::string& value) {
    Statement(database_, sql).bind(value).bind(id).run();
  };
  if (change.name) set("UPDATE runs SET name = ? WHERE id = ?", *change.name);
  if (change.status)
    set("UPDATE runs SET status = ? WHERE id = ?", std::string(to_string(*change.status)));
  if (change.error) set("UPDATE runs SET error = ? WHERE id = ?", *change.error);
  if (change.ended) set("UPDATE runs SET ended = ? WHERE id = ?", iso(change.ended));
  const auto replace = [&](Kind kind, const auto& words) {
    for (const auto& [name, value] : words) {
      if (value)
        put_words(id, kind, {{name, *value}}, false);
      else
        Statement(database_, "DELETE FROM words WHERE run = ? AND kind = ? AND name = ?")
            .bind(id)
            .bind(std::int64_t{kind})
            .bind(name)
            .run();
    }
  };
  replace(tag, change.tags);
  replace(note, change.notes);
  put_words(id, property, change.properties, true);
  put_words(id, param, change.params, true);
  transaction.commit();
}

std::int64_t Tracking::name_id(const std::string& run, const model::MetricPoint& point) {
  const auto key = std::tuple(run, point.name, point.kind);
  const auto found = names_.find(key);
  if (found != names_.end()) return found->second;
  Statement(database_, "INSERT OR IGNORE INTO names VALUES (NULL, ?, ?, ?, 0, NULL, NULL, NULL)")
      .bind(run)
      .bind(point.name)
      .bind(point.kind)
      .run();
  Statement statement(database_, "SELECT id FROM names WHERE run = ? AND name = ? AND kind = ?");
  statement.bind(run).bind(point.name).bind(point.kind).step();
  return names_[key] = statement.integer();
}

void Tracking::log(const std::string& id, const std::vector<model::MetricPoint>& points) {
  if (points.empty()) return;
  Transaction transaction(database_);
  // Names that a failed transaction took back are asked for again.
  struct Forget {
    decltype(names_)& names;
    bool kept = false;
    ~Forget() {
      if (!kept) names.clear();
    }
  } forget{names_};
  Statement insert(database_, "INSERT INTO points VALUES (?,?,?,?,?)");
  Statement update(database_,
                   "UPDATE names SET points = points + 1, "
                   "latest = CASE WHEN latest IS NULL OR (?1, ?2) >= (latest_step, latest_time) "
                   "THEN last_insert_rowid() ELSE latest END, "
                   "latest_step = CASE WHEN latest IS NULL OR (?1, ?2) >= (latest_step, "
                   "latest_time) THEN ?1 ELSE latest_step END, "
                   "latest_time = CASE WHEN latest IS NULL OR (?1, ?2) >= (latest_step, "
                   "latest_time) THEN ?2 ELSE latest_time END WHERE id = ?3");
  for (const auto& point : points) {
    const std::int64_t name = name_id(id, point);
    insert.bind(name);
    if (point.number && !std::isnan(*point.number))
      insert.bind(*point.number);
    else
      insert.bind_null();
    insert.bind(point.number && std::isnan(*point.number) ? not_a_number : point.json);
    if (point.step)
      insert.bind(*point.step);
    else
      insert.bind_null();
    insert.bind(ticks(point.time)).run();
    insert.again();
    update.bind(point.step.value_or(0)).bind(ticks(point.time)).bind(name).run();
    update.again();
  }
  transaction.commit();
  forget.kept = true;
}

void Tracking::each_metric(const std::string& id, const std::string& name,
                           const std::function<void(const model::MetricPoint&)>& take) {
  Transaction reading(database_, "BEGIN");
  Statement names(database_,
                  "SELECT id, name, kind FROM names WHERE run = ?1 AND (?2 = '' OR name = ?2) "
                  "ORDER BY name, kind");
  names.bind(id).bind(name);
  while (names.step()) {
    const std::int64_t number = names.integer();
    const std::string metric = names.text(), kind = names.text();
    Statement points(database_,
                     "SELECT number, json, step, time FROM points WHERE name = ? ORDER BY rowid");
    points.bind(number);
    while (points.step()) take(read_point(metric, kind, points));
  }
}

std::int64_t Tracking::page(const std::string& id, const std::string& name, std::int64_t after,
                            std::size_t most, std::vector<model::MetricPoint>& points) {
  Transaction reading(database_, "BEGIN");
  Statement named(database_, "SELECT id FROM names WHERE run = ? AND name = ? AND kind = 'scalar'");
  named.bind(id).bind(name);
  if (!named.step()) return 0;
  const std::int64_t number = named.integer();
  // One more than is given tells whether another page follows.
  Statement statement(database_,
                      "SELECT rowid, number, json, step, time FROM points WHERE name = ? AND rowid "
                      "> ? AND (number IS NOT NULL OR json = ?) ORDER BY rowid LIMIT ?");
  statement.bind(number).bind(after).bind(not_a_number).bind(static_cast<std::int64_t>(most) + 1);
  std::int64_t last = 0;
  while (statement.step()) {
    if (points.size() == most) return last;
    last = statement.integer();
    points.push_back(read_point(name, "scalar", statement));
  }
  return 0;
}

std::vector<Tracking::Latest> Tracking::latest(const std::string& id) {
  Transaction reading(database_, "BEGIN");
  Statement statement(database_,
                      "SELECT names.points, names.name, names.kind, number, json, step, time "
                      "FROM names JOIN points ON points.rowid = names.latest WHERE run = ? "
                      "ORDER BY names.name, names.kind");
  statement.bind(id);
  std::vector<Latest> all;
  while (statement.step()) {
    Latest latest;
    latest.count = static_cast<std::uint64_t>(statement.integer());
    std::string name = statement.text(), kind = statement.text();
    latest.point = read_point(std::move(name), std::move(kind), statement);
    all.push_back(std::move(latest));
  }
  return all;
}

}  // namespace history
