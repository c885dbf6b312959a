// A verb's options, declared as bindings to the fields of its Args. What they mean stands in the
// verb's page, which is its --help; a test holds the two against each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace cli {

struct OptionRow {
  std::vector<std::string> names;  // "-f", "--follow"; the long one last
  bool takes_value = false;
};

class Options {
 public:
  explicit Options(const std::string& verb);
  ~Options();

  // "--json" or "-f,--follow"
  void flag(const std::string& names, bool& field);
  void value(const std::string& names, std::string& field);
  void number(const std::string& names, int& field);
  // Repeatable; each takes exactly one word.
  void values(const std::string& names, std::vector<std::string>& field);
  // Positional, in the order of declaration.
  void argument(const std::string& name, std::string& field, bool required = true);
  void arguments(const std::string& name, std::vector<std::string>& field, bool required = true);

  // Throws usage: an unknown option (with did-you-mean), a missing or surplus word.
  void parse(const std::vector<std::string>& words);
  // Every option, for completion and for the test of the pages.
  std::vector<OptionRow> rows() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cli
