// The folder of a local store, which somebody may remove or replace behind the store's back: then
// an empty listing or a new folder would be lies.
#pragma once

#include <sys/types.h>

#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/path.hpp"

namespace store {

class LocalRoot {
 public:
  explicit LocalRoot(fs::path);
  const fs::path& path() const { return path_; }

  // Whether it is the folder that it was at first; true where there was none yet.
  bool is_there() const;
  // Throws unavailable where it is not.
  void check() const;
  // What finds nothing because the folder has gone throws unavailable instead of not_found.
  template <class Act>
  auto within(Act act) const {
    try {
      return act();
    } catch (const base::Error& error) {
      if (error.code() == base::Code::not_found) check();
      throw;
    }
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;
  static std::optional<Identity> identity_of(const fs::path&);

  fs::path path_;
  std::optional<Identity> first_;
};

}  // namespace store
