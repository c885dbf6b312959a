// Words in colour, and text cut to a terminal's width.
#pragma once

#include <string>
#include <string_view>

namespace cli {

// A status word (Completed, Failed, kept …) in its colour, or as it is where `colour` is off.
std::string paint(std::string_view status, bool colour);

// The same, padded with blanks to `width` characters; the escapes do not count.
std::string paint(std::string_view status, std::size_t width, bool colour);

// How many characters of a terminal a text takes: UTF-8 counts once, escapes not at all.
std::size_t columns_of(std::string_view text);

// The text without escapes, cut to at most `columns` characters.
std::string cut(std::string_view text, std::size_t columns);

}  // namespace cli
