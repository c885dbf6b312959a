#include "base/names.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cstdint>

namespace base {
namespace {

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  while (::getrandom(&bits, sizeof bits, 0) != sizeof bits) {
  }
  return bits;
}

constexpr std::array adjectives = {"amber", "brave", "calm",  "dapper", "eager", "fair",  "gentle",
                                   "happy", "icy",   "jolly", "keen",   "lemon", "mild",  "noble",
                                   "olive", "plum",  "quiet", "rosy",   "sandy", "tidy",  "upbeat",
                                   "vivid", "warm",  "young", "zesty",  "bold",  "clear", "dusty",
                                   "early", "frank", "green", "honest"};
constexpr std::array nouns = {"ant",    "beach",  "carrot", "drum",  "engine", "fig",   "garden",
                              "harbor", "island", "jacket", "kite",  "lamp",   "moon",  "nest",
                              "oven",   "pear",   "quill",  "river", "shelf",  "tree",  "urchin",
                              "valley", "wagon",  "yak",    "zebra", "bird",   "cloud", "door",
                              "eagle",  "fork",   "glass",  "hill"};

}  // namespace

std::string random_id(std::size_t length) {
  static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string id;
  while (id.size() < length) {
    std::uint64_t bits = random_bits();
    for (int n = 0; n < 10 && id.size() < length; ++n, bits /= 36) id += letters[bits % 36];
  }
  return id;
}

std::string random_uuid() {
  const std::uint64_t high = (random_bits() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (random_bits() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffffULL);
}

std::string random_run_name() {
  const std::uint64_t bits = random_bits();
  return fmt::format("{}_{}_{}", adjectives[bits % adjectives.size()],
                     nouns[(bits >> 16) % nouns.size()], random_id(10));
}

}  // namespace base
