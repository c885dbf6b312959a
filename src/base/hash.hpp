// Content hashes (XXH3, 128 bits): to tell whether code or data changed, not to keep secrets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/path.hpp"

namespace base {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  Hasher& add(std::string_view bytes);
  // 32 lower-case hex digits of what was added so far.
  std::string hex() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hash_text(std::string_view);
// The file's bytes; throws as read_file does.
std::string hash_file(const fs::path&);

// CRC-32C of `bytes`, for journal lines.
unsigned crc32c(std::string_view bytes);

}  // namespace base
