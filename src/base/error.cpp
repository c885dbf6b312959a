#include "base/error.hpp"

#include <fmt/format.h>

#include <cstring>

namespace base {

std::string Place::to_string() const {
  if (!source) return "";
  if (line == 0) return source->path;
  return fmt::format("{}:{}:{}", source->path, line, column);
}

std::string Place::line_text() const {
  if (!source || line == 0) return "";
  const std::string& text = source->content;
  std::size_t begin = 0;
  for (unsigned n = 1; n < line; ++n) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  std::size_t end = text.find('\n', begin);
  if (end == std::string::npos) end = text.size();
  if (end > begin && text[end - 1] == '\r') --end;
  return text.substr(begin, end - begin);
}

std::string_view to_string(Code code) {
  switch (code) {
    case Code::usage:
      return "usage";
    case Code::bad_definition:
      return "bad_definition";
    case Code::bad_input:
      return "bad_input";
    case Code::not_found:
      return "not_found";
    case Code::exists:
      return "exists";
    case Code::conflict:
      return "conflict";
    case Code::permission:
      return "permission";
    case Code::no_space:
      return "no_space";
    case Code::io:
      return "io";
    case Code::unavailable:
      return "unavailable";
    case Code::step_failed:
      return "step_failed";
    case Code::canceled:
      return "canceled";
    case Code::corrupt:
      return "corrupt";
    case Code::newer_version:
      return "newer_version";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

int exit_status(Code code) {
  if (code == Code::usage) return 2;
  if (code == Code::canceled) return 130;
  return 1;
}

namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::permission;
    case ENOSPC:
    case EDQUOT:
      return Code::no_space;
    case EEXIST:
      return Code::exists;
    default:
      return Code::io;
  }
}

}  // namespace

Error os_error(std::string_view doing, std::string_view path, int error_number) {
  const Code code = code_of(error_number);
  std::string what =
      path.empty() ? fmt::format("cannot {}: {}", doing, std::strerror(error_number))
                   : fmt::format("cannot {} '{}': {}", doing, path, std::strerror(error_number));
  Error error(code, std::move(what));
  if (code == Code::no_space) {
    error.hint("free some space there (`amlocal runs gc` removes old runs), then run again");
  }
  return error;
}

}  // namespace base
