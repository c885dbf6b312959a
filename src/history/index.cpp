#include "history/index.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace history {
namespace {

using nlohmann::json;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t schema_version = 1;

constexpr const char* schema = R"(
CREATE TABLE runs (
  name TEXT PRIMARY KEY, experiment TEXT, display_name TEXT, definition TEXT, command TEXT,
  status TEXT, started TEXT, seconds REAL, notices TEXT, journal_bytes INTEGER, damaged_line INTEGER
) WITHOUT ROWID;
CREATE TABLE steps (
  run TEXT, position INTEGER, path TEXT, id TEXT, status TEXT, log TEXT, fingerprint TEXT,
  from_run TEXT, ended TEXT, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE outputs (
  run TEXT, position INTEGER, step TEXT, name TEXT, type TEXT, mode TEXT, uri TEXT, path TEXT,
  value TEXT, PRIMARY KEY (run, position)
) WITHOUT ROWID;
PRAGMA user_version = 1;
)";

std::int64_t version_of(const Database& database) {
  Statement statement(database, "PRAGMA user_version");
  return statement.step() ? statement.integer() : 0;
}

Database open_once(const fs::path& file) {
  Database database(file);
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  const auto check_version = [&] {
    const std::int64_t version = version_of(database);
    if (version > schema_version)
      throw base::Error(
          base::Code::newer_version,
          fmt::format("'{}' was made by a newer amlocal (schema {}; this one knows {})",
                      base::display_path(file), version, schema_version))
          .hint("update amlocal, or remove that file: it is made anew from the runs");
    return version;
  };
  if (check_version() == 0) {
    Transaction transaction(database);
    if (check_version() == 0) database.execute(schema);  // unless another process was faster
    transaction.commit();
  }
  // Reads every table's root, so that a damaged file shows itself here and not half-way.
  Statement(
      database,
      "SELECT count(*) FROM runs, (SELECT count(*) FROM steps), (SELECT count(*) FROM outputs)")
      .run();
  return database;
}

void move_aside(const fs::path& file) {
  boost::system::error_code ignored;
  for (const char* end : {"", "-wal", "-shm"})
    if (fs::exists(file.native() + end, ignored))
      fs::rename(file.native() + end, file.native() + ".damaged" + end, ignored);
}

Database open(const workspace::Layout& layout) {
  try {
    return open_once(layout.index());
  } catch (const base::Error& error) {
    if (error.code() != base::Code::corrupt) throw;
  }
  // One process repairs; another that found the damage too waits and then finds a whole file.
  const auto lock = base::FileLock::wait(layout.hidden() / "index.lock");
  try {
    return open_once(layout.index());
  } catch (const base::Error& error) {
    if (error.code() != base::Code::corrupt) throw;
  }
  move_aside(layout.index());
  return open_once(layout.index());
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string words_text(const std::vector<std::string>& words) {
  return dump(json(words));
}

std::vector<std::string> words_of(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  return value.is_array() ? value.get<std::vector<std::string>>() : std::vector<std::string>();
}

model::Status status_of(const std::string& word) {
  return model::parse_status(word).value_or(model::Status::not_started);
}

std::string word(model::Status status) {
  return std::string(model::to_string(status));
}

void put_steps(const Database& database, const RunRecord& run) {
  std::int64_t position = 0;
  for (const StepRecord& step : run.steps) {
    Statement statement(database, "INSERT INTO steps VALUES (?,?,?,?,?,?,?,?,?)");
    statement.bind(run.name).bind(position++).bind(step.path).bind(step.id).bind(word(step.status));
    statement.bind(step.log).bind(step.fingerprint).bind(step.from_run);
    if (step.ended)
      statement.bind(events::to_json({run.started, *step.ended}));
    else
      statement.bind_null();
    statement.run();
  }
}

void put_outputs(const Database& database, const RunRecord& run) {
  std::int64_t position = 0;
  const auto put = [&](const std::string& step, const std::string& name, const std::string& type,
                       const std::string& mode, const std::string& uri, const std::string& path,
                       const std::string& value) {
    Statement(database, "INSERT INTO outputs VALUES (?,?,?,?,?,?,?,?,?)")
        .bind(run.name)
        .bind(position++)
        .bind(step)
        .bind(name)
        .bind(type)
        .bind(mode)
        .bind(uri)
        .bind(path)
        .bind(value)
        .run();
  };
  for (const StepRecord& step : run.steps)
    for (const auto& output : step.outputs)
      put(step.path, output.output, output.type, output.mode, output.uri, output.path, "");
  // A run's own outputs have no step.
  for (const auto& output : run.outputs)
    put("", output.name, output.type, "", output.uri, output.path, output.value);
}

void remove_rows(const Database& database, const std::string& run) {
  for (const char* sql : {"DELETE FROM runs WHERE name = ?", "DELETE FROM steps WHERE run = ?",
                          "DELETE FROM outputs WHERE run = ?"})
    Statement(database, sql).bind(run).run();
}

void read_steps(const Database& database, std::map<std::string, Indexed>& runs) {
  Statement rows(database,
                 "SELECT run, path, id, status, log, fingerprint, from_run, ended FROM steps ORDER "
                 "BY run, position");
  while (rows.step()) {
    const auto run = runs.find(rows.text());
    if (run == runs.end()) continue;
    StepRecord& step = run->second.record.steps.emplace_back();
    step.path = rows.text();
    step.id = rows.text();
    step.status = status_of(rows.text());
    step.log = rows.text();
    step.fingerprint = rows.text();
    step.from_run = rows.text();
    if (rows.is_null()) continue;
    if (const auto event = events::from_json(rows.text()))
      if (const auto* ended = std::get_if<events::StepEnded>(&event->event)) step.ended = *ended;
  }
}

void read_outputs(const Database& database, std::map<std::string, Indexed>& runs) {
  Statement rows(
      database,
      "SELECT run, step, name, type, mode, uri, path, value FROM outputs ORDER BY run, position");
  while (rows.step()) {
    const auto run = runs.find(rows.text());
    if (run == runs.end()) continue;
    RunRecord& record = run->second.record;
    events::OutputPublished output;
    output.step = rows.text();
    output.output = rows.text();
    output.type = rows.text();
    output.mode = rows.text();
    output.uri = rows.text();
    output.path = rows.text();
    if (output.step.empty()) {
      record.outputs.push_back({output.output, output.type, output.uri, output.path, rows.text()});
      continue;
    }
    for (StepRecord& step : record.steps)
      if (step.path == output.step) step.outputs.push_back(output);
  }
}

}  // namespace

Index::Index(const workspace::Layout& layout) : database_(open(layout)) {}

std::map<std::string, Indexed> Index::runs() {
  Transaction transaction(database_, "BEGIN");
  std::map<std::string, Indexed> runs;
  {
    Statement rows(database_,
                   "SELECT name, experiment, display_name, definition, command, status, started, "
                   "seconds, notices, "
                   "journal_bytes, damaged_line FROM runs");
    while (rows.step()) {
      Indexed run;
      run.record.name = rows.text();
      run.record.experiment = rows.text();
      run.record.display_name = rows.text();
      run.record.definition = rows.text();
      run.record.command = words_of(rows.text());
      run.record.status = status_of(rows.text());
      run.record.started = base::from_iso(rows.text());
      run.record.seconds = rows.real();
      run.record.notices = words_of(rows.text());
      run.journal_bytes = static_cast<std::uint64_t>(rows.integer());
      run.damaged_line = static_cast<std::size_t>(rows.integer());
      const std::string name = run.record.name;
      runs.emplace(name, std::move(run));
    }
    read_steps(database_, runs);
    read_outputs(database_, runs);
  }
  transaction.commit();
  return runs;
}

void Index::put(const Indexed& run) {
  const RunRecord& record = run.record;
  Transaction transaction(database_);
  remove_rows(database_, record.name);
  Statement(database_, "INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?)")
      .bind(record.name)
      .bind(record.experiment)
      .bind(record.display_name)
      .bind(record.definition)
      .bind(words_text(record.command))
      .bind(word(record.status))
      .bind(base::to_iso(record.started))
      .bind(record.seconds)
      .bind(words_text(record.notices))
      .bind(static_cast<std::int64_t>(run.journal_bytes))
      .bind(static_cast<std::int64_t>(run.damaged_line))
      .run();
  put_steps(database_, record);
  put_outputs(database_, record);
  transaction.commit();
}

void Index::remove(const std::string& run) {
  Transaction transaction(database_);
  remove_rows(database_, run);
  transaction.commit();
}

}  // namespace history
