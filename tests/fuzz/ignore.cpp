// workspace::glob_match and IgnoreRules. The first line is a path, the rest an ignore file.
#include "workspace/ignore.hpp"

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string path = text.substr(0, end);
  const std::string rules = text.substr(std::min(end + 1, text.size()));

  workspace::IgnoreRules ignore;
  ignore.add(rules, "");
  const bool ignored = ignore.ignored(path, false);
  // A later rule that takes the same file back in, or out, decides alone.
  workspace::IgnoreRules opposite = ignore;
  bool plain = !path.empty() && path.front() != '/' && path.back() != '/';
  for (const char c : path)
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '/');
  if (plain && path.find("//") == std::string::npos) {
    opposite.add((ignored ? "!/" : "/") + path, "");
    fuzz::require(opposite.ignored(path, false) != ignored, "the last rule decides");
    fuzz::require(workspace::glob_match(path, path), "a plain name fits itself");
  }
  (void)workspace::glob_match(rules, path);
  return 0;
}
