#include "history/index.hpp"

#include <fmt/format.h>

#include <sys/vfs.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/names.hpp"

namespace history {
namespace {

using nlohmann::json;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t schema_version = 2;

// `outputs.step` is the step's position, and -1 for the run's own outputs.
constexpr const char* schema = R"(
DROP TABLE IF EXISTS runs;
DROP TABLE IF EXISTS steps;
DROP TABLE IF EXISTS outputs;
CREATE TABLE runs (
  name TEXT PRIMARY KEY, experiment TEXT, display_name TEXT, definition TEXT, command TEXT,
  status TEXT, started TEXT, seconds REAL, notices TEXT, journal_bytes INTEGER, damaged_line INTEGER
) WITHOUT ROWID;
CREATE TABLE steps (
  run TEXT, position INTEGER, path TEXT, id TEXT, status TEXT, log TEXT, fingerprint TEXT,
  snapshot TEXT, from_run TEXT, reason TEXT, ended TEXT, bytes INTEGER, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE outputs (
  run TEXT, step INTEGER, position INTEGER, name TEXT, type TEXT, mode TEXT, uri TEXT, path TEXT,
  value TEXT, PRIMARY KEY (run, step, position)
) WITHOUT ROWID;
PRAGMA user_version = 2;
)";

// Magic numbers of statfs(2): CIFS, SMB2, SMB, NFS and 9P (which WSL has for the Windows disks).
constexpr long shares[] = {0xFF534D42, 0xFE534D42, 0x517B, 0x6969, 0x01021997};

fs::path path_in_state_folder(const workspace::Layout& layout, const base::Variables& environment) {
  fs::path state = base::variable(environment, "XDG_STATE_HOME");
  if (!state.is_absolute())
    state = fs::path(base::variable(environment, "HOME")) / ".local" / "state";
  return state / "amlocal" / (base::hash_text(layout.root.native()) + ".sqlite");
}

std::int64_t version_of(const Database& database) {
  Statement statement(database, "PRAGMA user_version");
  return statement.step() ? statement.integer() : 0;
}

Database open_once(const fs::path& file) {
  Database database(file);
  // No fsync: after a power cut the journals still hold everything this cache holds.
  database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
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
  if (check_version() < schema_version) {
    Transaction transaction(database);
    // unless another process was faster
    if (check_version() < schema_version) database.execute(schema);
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

Database open_or_mend(const workspace::Layout& layout, const fs::path& file) {
  try {
    return open_once(file);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::corrupt) throw;
  }
  // One process repairs; another that found the damage too waits and then finds a whole file.
  const auto lock = base::FileLock::wait(layout.records() / "index.lock");
  try {
    return open_once(file);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::corrupt) throw;
  }
  move_aside(file);
  return open_once(file);
}

Database open(const workspace::Layout& layout) {
  move_folder_aside(layout);
  const auto open_in_state_folder = [&](const fs::path& file) {
    boost::system::error_code failed;
    fs::create_directories(file.parent_path(), failed);
    if (failed) throw base::os_error("create", file.parent_path().native(), failed.value());
    return open_or_mend(layout, file);
  };
  const fs::path file = index_path(layout);
  if (file != layout.index()) return open_in_state_folder(file);
  try {
    return open_or_mend(layout, file);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::unavailable) throw;
  }
  return open_in_state_folder(path_in_state_folder(layout, base::current_environment()));
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

void put_output(const Database& database, const std::string& run, std::int64_t step,
                std::int64_t position, const events::OutputPublished& output,
                const std::string& value) {
  Statement(database, "INSERT OR REPLACE INTO outputs VALUES (?,?,?,?,?,?,?,?,?)")
      .bind(run)
      .bind(step)
      .bind(position)
      .bind(output.output)
      .bind(output.type)
      .bind(output.mode)
      .bind(output.uri)
      .bind(output.path)
      .bind(value)
      .run();
}

void put_step_rows(const Database& database, const RunRecord& run, std::size_t n) {
  const StepRecord& step = run.steps[n];
  Statement statement(database, "INSERT OR REPLACE INTO steps VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  statement.bind(run.name).bind(static_cast<std::int64_t>(n)).bind(step.path).bind(step.id);
  statement.bind(word(step.status)).bind(step.log).bind(step.fingerprint).bind(step.snapshot);
  statement.bind(step.from_run).bind(step.reason);
  if (step.ended)
    statement.bind(events::to_json({run.started, *step.ended}))
        .bind(static_cast<std::int64_t>(step.ended->bytes_in + step.ended->bytes_out));
  else
    statement.bind_null().bind(std::int64_t{0});
  statement.run();
  std::int64_t position = 0;
  for (const auto& output : step.outputs)
    put_output(database, run.name, static_cast<std::int64_t>(n), position++, output, "");
}

void put_run_rows(const Database& database, const RunRecord& run, std::uint64_t journal_bytes) {
  Statement(database, "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?)")
      .bind(run.name)
      .bind(run.experiment)
      .bind(run.display_name)
      .bind(run.definition)
      .bind(words_text(run.command))
      .bind(word(run.status))
      .bind(base::to_iso(run.started))
      .bind(run.seconds)
      .bind(words_text(run.notices))
      .bind(static_cast<std::int64_t>(journal_bytes))
      .bind(static_cast<std::int64_t>(run.damaged_line))
      .run();
  std::int64_t position = 0;
  for (const auto& output : run.outputs)
    put_output(database, run.name, -1, position++,
               {"", output.name, output.type, "", output.uri, output.path}, output.value);
}

void remove_rows(const Database& database, const std::string& run) {
  for (const char* sql : {"DELETE FROM runs WHERE name = ?", "DELETE FROM steps WHERE run = ?",
                          "DELETE FROM outputs WHERE run = ?"})
    Statement(database, sql).bind(run).run();
}

void read_steps(const Database& database, std::map<std::string, Indexed>& runs) {
  Statement rows(
      database,
      "SELECT run, path, id, status, log, fingerprint, snapshot, from_run, reason, ended "
      "FROM steps ORDER BY run, position");
  while (rows.step()) {
    const auto run = runs.find(rows.text());
    if (run == runs.end()) continue;
    StepRecord& step = run->second.record.steps.emplace_back();
    step.path = rows.text();
    step.id = rows.text();
    step.status = status_of(rows.text());
    step.log = rows.text();
    step.fingerprint = rows.text();
    step.snapshot = rows.text();
    step.from_run = rows.text();
    step.reason = rows.text();
    if (rows.is_null()) continue;
    if (const auto event = events::from_json(rows.text()))
      if (const auto* ended = std::get_if<events::StepEnded>(&event->event)) step.ended = *ended;
  }
}

void read_outputs(const Database& database, std::map<std::string, Indexed>& runs) {
  Statement rows(database,
                 "SELECT run, step, name, type, mode, uri, path, value FROM outputs ORDER BY run, "
                 "step, position");
  while (rows.step()) {
    const auto run = runs.find(rows.text());
    if (run == runs.end()) continue;
    RunRecord& record = run->second.record;
    const std::int64_t position = rows.integer();
    events::OutputPublished output;
    output.output = rows.text();
    output.type = rows.text();
    output.mode = rows.text();
    output.uri = rows.text();
    output.path = rows.text();
    if (position < 0) {
      record.outputs.push_back({output.output, output.type, output.uri, output.path, rows.text()});
    } else if (const auto n = static_cast<std::size_t>(position); n < record.steps.size()) {
      output.step = record.steps[n].path;
      record.steps[n].outputs.push_back(std::move(output));
    }
  }
}

}  // namespace

fs::path index_path(const workspace::Layout& layout, const base::Variables& environment,
                    long file_system) {
  const bool is_share =
      std::find(std::begin(shares), std::end(shares), file_system) != std::end(shares);
  return is_share ? path_in_state_folder(layout, environment) : layout.index();
}

fs::path index_path(const workspace::Layout& layout) {
  struct statfs status {};
  if (::statfs(layout.records().c_str(), &status) != 0) return layout.index();
  return index_path(layout, base::current_environment(), static_cast<long>(status.f_type));
}

std::optional<fs::path> move_folder_aside(const workspace::Layout& layout) {
  const fs::path file = index_path(layout);
  boost::system::error_code ignored;
  if (!fs::is_directory(fs::symlink_status(file, ignored))) return std::nullopt;
  const fs::path aside = file.native() + ".folder-" + base::random_id(8);
  base::sys("move", file.native(), [&] { return ::rename(file.c_str(), aside.c_str()); });
  return aside;
}

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
      run.record.damaged_line = static_cast<std::size_t>(rows.integer());
      const std::string name = run.record.name;
      runs.emplace(name, std::move(run));
    }
    read_steps(database_, runs);
    read_outputs(database_, runs);
  }
  transaction.commit();
  return runs;
}

void Index::put(const RunRecord& run, std::uint64_t journal_bytes) {
  Transaction transaction(database_);
  remove_rows(database_, run.name);
  put_run_rows(database_, run, journal_bytes);
  for (std::size_t n = 0; n < run.steps.size(); ++n) put_step_rows(database_, run, n);
  transaction.commit();
}

Index::Total Index::total() {
  Statement row(database_,
                "SELECT (SELECT count(*) FROM runs), (SELECT ifnull(sum(bytes), 0) FROM steps)");
  Total total;
  if (!row.step()) return total;
  total.runs = static_cast<std::uint64_t>(row.integer());
  total.bytes = static_cast<std::uint64_t>(row.integer());
  return total;
}

void Index::remove(const std::string& run) {
  Transaction transaction(database_);
  remove_rows(database_, run);
  transaction.commit();
}

}  // namespace history
