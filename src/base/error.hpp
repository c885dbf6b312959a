// Errors are data: what went wrong, where, on which way, and what to do about it.
// They are thrown as values of this one class and drawn in one place (text/diagnostic.hpp).
#pragma once

#include <cerrno>
#include <concepts>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/place.hpp"

namespace base {

enum class Code {
  usage,           // the command line is wrong
  bad_definition,  // the user's YAML, component or settings are wrong
  bad_input,       // a value or file given to a run is wrong
  not_found,       // a file, run, asset or step that is not there
  exists,          // a name that is taken
  conflict,        // two runs want the same thing at once
  permission,      // the operating system refused
  no_space,        // a full disk or quota
  io,              // any other refusal of the operating system
  unavailable,     // the machine or network lacks what is needed
  step_failed,     // a step of the user's failed; amlocal itself is well
  canceled,        // the user stopped it
  corrupt,         // a record of amlocal's own is damaged
  newer_version,   // a record was written by a newer amlocal
  internal,        // a defect of amlocal
};

// "not_found" and so on: stable words for JSON.
std::string_view to_string(Code);

// The exit status of a command that ends with this code: 2 for usage, 130 for canceled, else 1.
int exit_status(Code);

class Error : public std::exception {
 public:
  Error(Code code, std::string what) : code_(code), what_(std::move(what)) {}

  // Builders, to be chained where the error is thrown:
  //   throw Error(Code::not_found, "no such file: x").at(place).hint("create it, or …");
  Error& at(Place place) & {
    place_ = std::move(place);
    return *this;
  }
  Error&& at(Place place) && { return std::move(at(std::move(place))); }
  Error& hint(std::string hint) & {
    hint_ = std::move(hint);
    return *this;
  }
  Error&& hint(std::string text) && { return std::move(hint(std::move(text))); }
  // A frame says what was being done, innermost first: "binding input 'raw' of step 'train'".
  Error& frame(std::string doing) & {
    frames_.push_back(std::move(doing));
    return *this;
  }
  Error&& frame(std::string doing) && { return std::move(frame(std::move(doing))); }

  Code code() const { return code_; }
  const char* what() const noexcept override { return what_.c_str(); }
  const std::string& message() const { return what_; }
  const Place& place() const { return place_; }
  const std::string& hint() const { return hint_; }
  const std::vector<std::string>& frames() const { return frames_; }

 private:
  Code code_;
  std::string what_;
  Place place_;
  std::string hint_;
  std::vector<std::string> frames_;
};

// An error of the operating system, from errno: "cannot open 'x': No such file or directory".
// ENOENT becomes not_found, EACCES, EPERM and EROFS permission, ENOSPC and EDQUOT no_space,
// EEXIST exists; everything else io.
Error os_error(std::string_view doing, std::string_view path, int error_number = errno);

// Calls `call` until it does not fail with EINTR, and throws os_error when it returns -1.
template <std::invocable F>
auto sys(std::string_view doing, std::string_view path, F&& call) {
  for (;;) {
    auto result = call();
    if (result != -1) return result;
    if (errno != EINTR) throw os_error(doing, path);
  }
}

// Runs `f`; when it throws an Error, adds the frame that `describe` makes. Costs nothing otherwise.
template <std::invocable D, std::invocable F>
decltype(auto) while_doing(D&& describe, F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (Error& error) {
    error.frame(describe());
    throw;
  }
}

}  // namespace base
