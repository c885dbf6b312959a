// Where in a user's file something stands.
#pragma once

#include <memory>
#include <string>

namespace base {

// One file of the user's, as it was read. Shared by every Place in it, so that an error can
// still show the line long after parsing.
struct SourceText {
  std::string path;  // as the user would name it: relative to the current folder where possible
  std::string content;
};

// Line and column count from 1; 0 means "the file as a whole". The column counts bytes.
struct Place {
  std::shared_ptr<const SourceText> source;
  unsigned line = 0;
  unsigned column = 0;

  bool known() const { return source != nullptr; }
  // "pipeline.yml:12:5", or "pipeline.yml" for the whole file, or "" where unknown.
  std::string to_string() const;
  // The text of the line without its end, or "" where unknown.
  std::string line_text() const;
};

}  // namespace base
