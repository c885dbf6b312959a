// The rules of gitignore(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace workspace {

// Whether `name` fits `pattern`: `*` and `?` match no '/', `**` between slashes any number of
// folders, `[a-z]`, `[!a]` and `[[:digit:]]` one character, `\` takes the next one as it is.
// Source: git's wildmatch.c with WM_PATHNAME.
bool glob_match(std::string_view pattern, std::string_view name);

class IgnoreRules {
 public:
  // The lines of an ignore file that lies in `folder` ("" for the top, else "a/b"). Files of deeper
  // folders are added after those above them, because the last rule that fits decides.
  void add(std::string_view text, const std::string& folder);

  // Whether the rules leave out `path` ("a/b.txt", relative to the top). A folder that is left out
  // must not be looked into: nothing below it can be taken back in.
  bool ignored(const std::string& path, bool is_folder) const;

 private:
  struct Rule {
    std::string folder;
    std::string pattern;
    bool negated = false;
    bool folders_only = false;
    bool by_name = false;  // no slash in it: fits the last part of the path at any depth
  };
  std::vector<Rule> rules_;
};

}  // namespace workspace
