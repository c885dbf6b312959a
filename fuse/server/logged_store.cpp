#include "fuse/server/logged_store.hpp"

#include <fmt/format.h>

namespace fuse {
namespace {

bool is_failure(base::Code code) {
  return code == base::Code::io || code == base::Code::unavailable ||
         code == base::Code::permission || code == base::Code::no_space;
}

bool is_question(meter::Op op) {
  return op == meter::Op::get || op == meter::Op::head || op == meter::Op::list;
}

}  // namespace

LoggedStore::Changes LoggedStore::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void LoggedStore::around(meter::Call& call, const meter::Proceed& proceed) {
  try {
    proceed();
    if (!is_question(call.op)) {
      const std::lock_guard lock(mutex_);
      if (changes_.requests++ == 0) changes_.first = call.name;
    }
  } catch (const base::Error& error) {
    if (call.op != meter::Op::put && is_failure(error.code()))
      log_(fmt::format("{} of '{}' failed: {}{}", meter::to_string(call.op), call.name,
                       error.message(), error.hint().empty() ? "" : "; " + error.hint()));
    throw;
  }
}

}  // namespace fuse
