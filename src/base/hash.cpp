#include "base/hash.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstdint>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace base {

struct Hasher::State {
  XXH3_state_t value;
};

Hasher::Hasher() : state_(new State) {
  XXH3_128bits_reset(&state_->value);
}
Hasher::~Hasher() = default;

Hasher& Hasher::add(std::string_view bytes) {
  XXH3_128bits_update(&state_->value, bytes.data(), bytes.size());
  return *this;
}

std::string Hasher::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->value);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string hash_text(std::string_view text) {
  return Hasher().add(text).hex();
}

std::string hash_file(const fs::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  Hasher hasher;
  std::vector<char> buffer(1 << 18);
  for (;;) {
    const auto n =
        sys("read", path.native(), [&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
    if (n == 0) return hasher.hex();
    hasher.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

namespace {

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t c = n;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) ? (c >> 1) ^ 0x82f63b78U : c >> 1;
    table[n] = c;
  }
  return table;
}

}  // namespace

unsigned crc32c(std::string_view bytes) {
  static constexpr auto table = crc_table();
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return crc ^ 0xffffffffU;
}

}  // namespace base
