#include "history/sqlite.hpp"

#include <fmt/format.h>

#include "base/files.hpp"

namespace history::sqlite {

namespace {

// SQLite tells some of a full disk's refusals as "disk I/O error", and where it maps memory there
// is no errno to look at.
bool is_full(const fs::path& file) {
  constexpr std::uint64_t one_page = 64 << 10;
  try {
    return base::free_space(file.parent_path()) < one_page;
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

base::Error error_of(int code, const fs::path& file, const std::string& message) {
  using base::Code;
  const int primary = code & 0xff;
  const std::string what = fmt::format("cannot use '{}': {}", file.native(), message);
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return {Code::corrupt, what};
  if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && is_full(file)))
    return base::os_error("write", file.native(), ENOSPC);
  if (primary == SQLITE_READONLY || primary == SQLITE_PERM || primary == SQLITE_AUTH ||
      primary == SQLITE_CANTOPEN)
    return base::Error(Code::permission, what)
        .hint(fmt::format("make the folder '{}' writable", file.parent_path().native()));
  if (primary == SQLITE_PROTOCOL || primary == SQLITE_NOLFS || code == SQLITE_IOERR_LOCK ||
      code == SQLITE_IOERR_RDLOCK || code == SQLITE_IOERR_UNLOCK || code == SQLITE_IOERR_SHMMAP ||
      code == SQLITE_IOERR_SHMOPEN || code == SQLITE_IOERR_SHMLOCK)
    return base::Error(Code::unavailable,
                       fmt::format("the file system of '{}' cannot lock files", file.native()))
        .hint("put the project on a local disk");
  if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) return {Code::conflict, what};
  return {Code::io, what};
}

Database::Database(const fs::path& file) : file_(file) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);
}

void Database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

Statement::Statement(const Database& database, const char* sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql, -1, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) database.fail(code);
}

Statement& Statement::bind(const std::string& value) {
  sqlite3_bind_text(handle_.get(), ++bound_, value.data(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}
Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_.get(), ++bound_, value);
  return *this;
}
Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_.get(), ++bound_, value);
  return *this;
}
Statement& Statement::bind_null() {
  sqlite3_bind_null(handle_.get(), ++bound_);
  return *this;
}

bool Statement::step() {
  column_ = 0;
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

void Statement::again() {
  bound_ = 0;
  sqlite3_reset(handle_.get());
}

std::string Statement::text() {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column_++));
  return bytes ? std::string(bytes, size) : std::string();
}
std::int64_t Statement::integer() {
  return sqlite3_column_int64(handle_.get(), column_++);
}
double Statement::real() {
  return sqlite3_column_double(handle_.get(), column_++);
}

}  // namespace history::sqlite
