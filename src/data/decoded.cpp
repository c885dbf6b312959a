#include "data/decoded.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace data {
namespace {

constexpr std::size_t guessed_from = 64 << 10;

constexpr std::array<std::pair<Encoding, std::string_view>, 5> names{{
    {Encoding::utf8, "UTF-8"},
    {Encoding::utf8_bom, "UTF-8 with BOM"},
    {Encoding::utf16_le, "UTF-16"},
    {Encoding::utf16_be, "UTF-16BE"},
    {Encoding::latin1, "Latin-1"},
}};

std::size_t mark_length(std::string_view text, Encoding encoding) {
  if (encoding == Encoding::utf8_bom) return text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  if (encoding == Encoding::utf16_le) return text.starts_with("\xff\xfe") ? 2 : 0;
  if (encoding == Encoding::utf16_be) return text.starts_with("\xfe\xff") ? 2 : 0;
  return 0;
}

// The length of the character whose first byte this is; 0: none begins so.
std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool is_character(const unsigned char* at, std::size_t length) {
  for (std::size_t n = 1; n < length; ++n)
    if ((at[n] & 0xc0U) != 0x80) return false;
  if (at[0] == 0xe0) return at[1] >= 0xa0;
  if (at[0] == 0xed) return at[1] <= 0x9f;
  if (at[0] == 0xf0) return at[1] >= 0x90;
  return at[0] != 0xf4 || at[1] <= 0x8f;
}

char* put(char* to, std::uint32_t character) {
  const auto byte = [&](std::uint32_t value) { *to++ = static_cast<char>(value); };
  if (character < 0x80) {
    byte(character);
  } else if (character < 0x800) {
    byte(0xc0 | character >> 6);
    byte(0x80 | (character & 0x3f));
  } else if (character < 0x10000) {
    byte(0xe0 | character >> 12);
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  } else {
    byte(0xf0 | character >> 18);
    byte(0x80 | (character >> 12 & 0x3f));
    byte(0x80 | (character >> 6 & 0x3f));
    byte(0x80 | (character & 0x3f));
  }
  return to;
}

}  // namespace

Source file_source(const fs::path& path) {
  auto file = std::make_shared<base::Fd>(base::open_file(path, O_RDONLY | O_NOCTTY));
  return [file, path](char* to, std::size_t room) {
    return static_cast<std::size_t>(
        base::sys("read", path.native(), [&] { return ::read(file->get(), to, room); }));
  };
}

Source text_source(std::string_view text) {
  return [text](char* to, std::size_t room) mutable {
    const std::size_t count = std::min(room, text.size());
    std::copy_n(text.data(), count, to);
    text.remove_prefix(count);
    return count;
  };
}

std::string_view to_string(Encoding encoding) {
  for (const auto& [known, name] : names)
    if (known == encoding) return name;
  return "";
}

std::optional<Encoding> encoding_named(std::string_view text) {
  for (const auto& [encoding, name] : names)
    if (name == text) return encoding;
  return {};
}

std::size_t valid_utf8(std::string_view text) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = begin + text.size();
  const auto* at = begin;
  while (at < end) {
    // Most text is ASCII: eight of it at once.
    std::uint64_t word = 0;
    if (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080U) == 0)) {
      at += 8;
      continue;
    }
    const std::size_t length = length_of(*at);
    if (length == 0 || length > static_cast<std::size_t>(end - at) || !is_character(at, length))
      break;
    at += length;
  }
  return static_cast<std::size_t>(at - begin);
}

std::string shown_utf8(std::string_view text) {
  std::string shown;
  for (;;) {
    const std::size_t valid = valid_utf8(text);
    shown += text.substr(0, valid);
    if (valid == text.size()) return shown;
    shown += "\xef\xbf\xbd";
    text.remove_prefix(valid + 1);
  }
}

Encoding guess_encoding(std::string_view sample, bool whole) {
  if (sample.starts_with("\xef\xbb\xbf")) return Encoding::utf8_bom;
  if (sample.starts_with("\xff\xfe")) return Encoding::utf16_le;
  if (sample.starts_with("\xfe\xff")) return Encoding::utf16_be;
  std::array<std::size_t, 2> zeros{};
  for (std::size_t n = 0; n < sample.size(); ++n)
    if (sample[n] == 0) ++zeros[n % 2];
  // Latin letters in UTF-16: every other byte is zero.
  const std::size_t pairs = sample.size() / 2;
  const bool wide = pairs > 3 && (!whole || sample.size() % 2 == 0);
  if (wide && zeros[1] * 2 > pairs && zeros[0] * 8 <= pairs) return Encoding::utf16_le;
  if (wide && zeros[0] * 2 > pairs && zeros[1] * 8 <= pairs) return Encoding::utf16_be;
  const std::size_t valid = valid_utf8(sample);
  if (valid == sample.size()) return Encoding::utf8;
  const std::size_t rest = sample.size() - valid;
  const bool cut_off = !whole && length_of(static_cast<unsigned char>(sample[valid])) > rest;
  return cut_off ? Encoding::utf8 : Encoding::latin1;
}

DecodedText::DecodedText(Source source, std::optional<Encoding> encoding)
    : source_(std::move(source)) {
  ahead_.resize(guessed_from);
  std::size_t size = 0;
  bool whole = false;
  while (size < guessed_from && !whole) {
    const std::size_t count = source_(ahead_.data() + size, guessed_from - size);
    whole = count == 0;
    size += count;
  }
  ahead_.resize(size);
  encoding_ = encoding ? *encoding : guess_encoding(ahead_, whole);
  ahead_at_ = mark_length(ahead_, encoding_);
  bytes_ = ahead_at_;
}

std::size_t DecodedText::take(char* to, std::size_t room) {
  std::size_t count = std::min(room, ahead_.size() - ahead_at_);
  if (count > 0) {
    std::copy_n(ahead_.data() + ahead_at_, count, to);
    ahead_at_ += count;
  } else {
    count = source_(to, room);
  }
  bytes_ += count;
  return count;
}

std::size_t DecodedText::read(char* to, std::size_t room) {
  if (encoding_ == Encoding::latin1) return read_latin1(to, room);
  if (encoding_ == Encoding::utf16_le || encoding_ == Encoding::utf16_be)
    return read_wide(to, room);
  const std::size_t count = take(to, room);
  if (!broken_) check(to, count);
  return count;
}

void DecodedText::check(const char* text, std::size_t size) {
  const std::uint64_t start = bytes_ - size - cut_.size();
  if (size == 0) {
    if (!cut_.empty()) breaks(start);
    return;
  }
  std::size_t begun = 0;  // bytes of this piece that end the character cut off by the last one
  if (!cut_.empty()) {
    const std::size_t length = length_of(static_cast<unsigned char>(cut_.front()));
    begun = std::min(length - cut_.size(), size);
    cut_.append(text, begun);
    if (cut_.size() < length) return;
    if (valid_utf8(cut_) != length) return breaks(start);
    cut_.clear();
  }
  const std::string_view rest(text + begun, size - begun);
  const std::size_t valid = valid_utf8(rest);
  if (valid == rest.size()) return;
  const std::string_view tail = rest.substr(valid);
  if (length_of(static_cast<unsigned char>(tail.front())) > tail.size())
    cut_ = tail;
  else
    breaks(bytes_ - tail.size());
}

std::size_t DecodedText::read_latin1(char* to, std::size_t room) {
  raw_.resize(room / 2);
  const std::size_t count = take(raw_.data(), raw_.size());
  char* end = to;
  for (std::size_t n = 0; n < count; ++n) end = put(end, static_cast<unsigned char>(raw_[n]));
  return static_cast<std::size_t>(end - to);
}

std::size_t DecodedText::read_wide(char* to, std::size_t room) {
  // Two bytes become at most three; a half pair from before one character more.
  raw_.assign(cut_.begin(), cut_.end());
  const std::size_t before = cut_.size();
  cut_.clear();
  raw_.resize(before + (room - 8) / 3);
  const std::size_t count = take(raw_.data() + before, raw_.size() - before);
  const std::size_t size = before + count;
  const std::uint64_t start = bytes_ - size;
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    const std::uint32_t first = static_cast<unsigned char>(raw_[at]);
    const std::uint32_t second = static_cast<unsigned char>(raw_[at + 1]);
    return encoding_ == Encoding::utf16_le ? first | second << 8U : first << 8U | second;
  };
  char* end = to;
  std::size_t at = 0;
  while (at + 2 <= size) {
    std::uint32_t character = unit(at);
    std::size_t length = 2;
    if (character >= 0xd800 && character < 0xe000) {
      if (character < 0xdc00 && at + 4 > size && count > 0) break;  // its other half comes next
      const std::uint32_t low = at + 4 <= size ? unit(at + 2) : 0;
      if (character < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        character = 0x10000 + ((character - 0xd800) << 10U) + (low - 0xdc00);
        length = 4;
      } else {
        breaks(start + at);
        character = 0xfffd;
      }
    }
    end = put(end, character);
    at += length;
  }
  if (at < size && count == 0) {
    breaks(start + at);
    end = put(end, 0xfffd);
  } else {
    cut_.assign(raw_.data() + at, size - at);
  }
  const auto made = static_cast<std::size_t>(end - to);
  // Nothing but the start of a character was read: the end is not here yet.
  return made == 0 && count > 0 ? read_wide(to, room) : made;
}

}  // namespace data
