#include "cli/colour.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

std::string_view escape_of(std::string_view status) {
  if (status == "Completed" || status == "ok") return "\033[32m";
  if (status == "Failed" || status == "FAILS") return "\033[31m";
  if (status == "Canceled" || status == "Skipped" || status == "Interrupted" || status == "note")
    return "\033[33m";
  if (status == "kept" || status == "Reused" || status == "running" || status == "Running")
    return "\033[36m";
  return "";
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// The length of the escape ("ESC [ … letter") that `text` begins with, or 0.
std::size_t escape_length(std::string_view text) {
  if (!text.starts_with("\033[")) return 0;
  const auto end = text.find_first_not_of("0123456789;", 2);
  return end == std::string_view::npos ? text.size() : end + 1;
}

}  // namespace

std::string paint(std::string_view status, bool colour) {
  const auto escape = colour ? escape_of(status) : std::string_view();
  return escape.empty() ? std::string(status) : fmt::format("{}{}\033[0m", escape, status);
}

std::string paint(std::string_view status, std::size_t width, bool colour) {
  std::string text = paint(status, colour);
  if (status.size() < width) text.append(width - status.size(), ' ');
  return text;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const std::size_t skipped = escape_length(text);
    if (skipped == 0 && !continues(text.front())) ++columns;
    text.remove_prefix(skipped > 0 ? skipped : 1);
  }
  return columns;
}

std::string cut(std::string_view text, std::size_t columns) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t skipped = escape_length(text);
    if (skipped == 0) {
      if (!continues(text.front()) && columns-- == 0) break;
      kept += text.front();
    }
    text.remove_prefix(skipped > 0 ? skipped : 1);
  }
  return kept;
}

}  // namespace cli
