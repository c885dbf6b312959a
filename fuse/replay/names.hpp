// The names of one binding as its record has them: each path once, with the folder it lies in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "meter/ledger.hpp"

namespace fuse {

using PathId = std::uint32_t;  // 0 is the binding's own folder

class Names {
 public:
  explicit Names(const meter::LedgerText& text);

  // A record may have one path under several numbers.
  PathId of(std::uint32_t number);
  PathId id(const std::string& path);
  PathId folder(PathId path) const { return folders_[path]; }
  std::string path(std::uint32_t number) { return std::string(text(of(number))); }
  std::string_view text(PathId path) const { return texts_[path]; }
  std::size_t count() const { return texts_.size(); }

 private:
  const meter::LedgerText& record_;
  std::vector<PathId> known_;  // number → 1 + id
  std::unordered_map<std::string, PathId> ids_;
  std::vector<std::string> texts_;
  std::vector<PathId> folders_;
};

}  // namespace fuse
