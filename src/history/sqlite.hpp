// SQLite in a small RAII coat.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/path.hpp"

namespace history::sqlite {

// A result code of SQLite's as an Error: corrupt, no_space, permission, unavailable (no locks) or
// io.
base::Error error_of(int code, const fs::path& file, const std::string& message);

class Database {
 public:
  // Opens or makes the file. Waits up to five seconds for another process's lock.
  explicit Database(const fs::path& file);
  void execute(const char* sql);
  sqlite3* handle() const { return handle_.get(); }
  const fs::path& file() const { return file_; }
  [[noreturn]] void fail(int code) const {
    throw error_of(code, file_, sqlite3_errmsg(handle_.get()));
  }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  fs::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A prepared statement: bind in order, then step; columns are read in order too.
class Statement {
 public:
  Statement(const Database&, const char* sql);
  Statement& bind(const std::string&);
  Statement& bind(std::int64_t);
  Statement& bind(double);
  Statement& bind_null();
  // Goes to the next row; false after the last one.
  bool step();
  // To be bound and run once more.
  void again();
  // Runs a statement that gives no rows.
  void run() {
    while (step()) {
    }
  }
  std::string text();
  std::int64_t integer();
  double real();
  bool is_null() const { return sqlite3_column_type(handle_.get(), column_) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
  int column_ = 0;
};

// Rolls back unless committed. `begin`: BEGIN IMMEDIATE to write (it waits for other writers at the
// start and not half-way), BEGIN to read several tables as of one moment.
class Transaction {
 public:
  explicit Transaction(Database& database, const char* begin = "BEGIN IMMEDIATE")
      : database_(database) {
    database_.execute(begin);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!done_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  void commit() {
    database_.execute("COMMIT");
    done_ = true;
  }

 private:
  Database& database_;
  bool done_ = false;
};

}  // namespace history::sqlite
