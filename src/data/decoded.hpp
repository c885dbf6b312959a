// A text file as UTF-8, whatever it is written in, a piece at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/path.hpp"

namespace data {

// Puts at most `room` bytes at `to` and says how many; 0 at the end.
using Source = std::function<std::size_t(char* to, std::size_t room)>;

// The bytes of a file, which is opened at once. Throws not_found, permission or io naming it.
Source file_source(const fs::path&);
// `text` must outlive the source.
Source text_source(std::string_view text);

enum class Encoding { utf8, utf8_bom, utf16_le, utf16_be, latin1 };

// "UTF-8", "UTF-8 with BOM", "UTF-16", "UTF-16BE", "Latin-1": what people and shapes say.
std::string_view to_string(Encoding);
std::optional<Encoding> encoding_named(std::string_view);

// What a text that begins with `sample` is written in: by its byte order mark; UTF-16 without one
// by its zero bytes; UTF-8 where it is that, else Latin-1. `whole`: the sample is all there is.
Encoding guess_encoding(std::string_view sample, bool whole);

// How many bytes of `text` are UTF-8 (RFC 3629) from its start; a character cut off by the end of
// the text counts as broken.
std::size_t valid_utf8(std::string_view text);
// The text with U+FFFD for each byte that is not UTF-8.
std::string shown_utf8(std::string_view text);

class DecodedText {
 public:
  // Without an encoding, it is guessed from the first 64 KiB.
  explicit DecodedText(Source, std::optional<Encoding> = {});

  Encoding encoding() const { return encoding_; }
  // At most `room` (at least 16) bytes of UTF-8, without byte order mark; 0 at the end. Broken
  // UTF-8 is passed on as it is, a broken half of a UTF-16 pair as U+FFFD.
  std::size_t read(char* to, std::size_t room);
  // Of the source, so far.
  std::uint64_t bytes_read() const { return bytes_; }
  // Where the first byte lies that does not belong into its encoding.
  std::optional<std::uint64_t> broken_at() const { return broken_; }

 private:
  std::size_t take(char* to, std::size_t room);
  std::size_t read_wide(char* to, std::size_t room);
  std::size_t read_latin1(char* to, std::size_t room);
  void check(const char* text, std::size_t size);
  void breaks(std::uint64_t at) {
    if (!broken_) broken_ = at;
  }

  Source source_;
  Encoding encoding_ = Encoding::utf8;
  std::string ahead_;  // was read for the guess
  std::size_t ahead_at_ = 0;
  std::uint64_t bytes_ = 0;
  std::optional<std::uint64_t> broken_;
  std::string cut_;  // the start of a character of UTF-8, or an odd byte or half pair of UTF-16
  std::vector<char> raw_;
};

}  // namespace data
