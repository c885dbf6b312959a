#include "harness/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/suite_grammar.hpp"

namespace harness {
namespace {

using text::Node;

// The name, as all file systems and shells take it.
std::string slug_of(const std::string& name) {
  std::string slug;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '=';
    if (plain)
      slug += c;
    else if (!slug.empty() && slug.back() != '-')
      slug += '-';
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  slug.erase(0, std::min(slug.find_first_not_of(".-"), slug.size()));
  slug.resize(std::min<std::size_t>(slug.size(), 80));
  return slug.empty() ? "case" : slug;
}

// "{rate}" as a whole becomes the row's own value; within a text it becomes its text.
void place_row(Node& node, const Node& row) {
  for (auto& item : node.items) place_row(item, row);
  if (node.entries.size() == 1 && node.entries.front().value.is_null()) {
    // `{rate}` without quotes is, for YAML, a mapping with an empty value.
    if (const Node* value = row.find(node.entries.front().key)) {
      const base::Place place = node.place;
      node = *value;
      node.place = place;
      return;
    }
  }
  for (auto& entry : node.entries) place_row(entry.value, row);
  if (!node.is_scalar()) return;
  for (const auto& column : row.entries) {
    const std::string mark = "{" + column.key + "}";
    if (node.scalar == mark) {
      const base::Place place = node.place;
      node = column.value;
      node.place = place;
      return;
    }
    for (auto at = node.scalar.find(mark); at != std::string::npos;
         at = node.scalar.find(mark, at + column.value.scalar.size()))
      node.scalar.replace(at, mark.size(), column.value.scalar);
  }
}

std::string name_of_row(const std::string& name, const Node& row) {
  Node node;
  node.kind = text::Kind::string;
  node.scalar = name;
  place_row(node, row);
  if (node.scalar != name) return node.scalar;
  std::string values;
  for (const auto& column : row.entries)
    values += fmt::format("{}{}={}", values.empty() ? "" : ", ", column.key, column.value.scalar);
  return fmt::format("{} [{}]", name, values);
}

// `over` before `under`: a case before what its file says for all.
std::vector<std::pair<std::string, Node>> merged(const Node& file, const Node& test,
                                                 std::string_view key) {
  std::vector<std::pair<std::string, Node>> all;
  for (const Node* from : {test.find(key), file.find(key)}) {
    if (!from) continue;
    for (const auto& entry : from->entries)
      if (std::none_of(all.begin(), all.end(),
                       [&](const auto& known) { return known.first == entry.key; }))
        all.emplace_back(entry.key, entry.value);
  }
  return all;
}

Words merged_words(const Node& file, const Node& test, std::string_view key) {
  Words words;
  for (const auto& [name, value] : merged(file, test, key)) words.emplace_back(name, value.scalar);
  return words;
}

const Node* either(const Node& file, const Node& test, std::string_view key) {
  const Node* found = test.find(key);
  return found ? found : file.find(key);
}

std::string text_of(const Node& file, const Node& test, std::string_view key) {
  const Node* found = either(file, test, key);
  return found ? found->scalar : "";
}

class Reader {
 public:
  Reader(const fs::path& path, text::Diagnostics& diagnostics) : diagnostics_(diagnostics) {
    file_.path = path;
  }

  TestFile read() {
    root_ = text::parse_yaml(text::read_source(file_.path));
    if (!root_.is_map()) {
      diagnostics_.error(root_.place, "a file of step tests holds a mapping",
                         "'pipeline: FILE.yml#STEP' and 'cases:'");
      return std::move(file_);
    }
    check(root_, keys_of_file(), diagnostics_);
    check_inputs(root_);
    read_definition();
    const Node* cases = root_.find("cases");
    if (!cases || !cases->is_map() || cases->entries.empty())
      diagnostics_.error(cases ? cases->place : root_.place, "it has no cases",
                         "'cases:' holds a name for each test: 'cases: {a clean table: {…}}'");
    else
      for (const auto& entry : cases->entries) read_case(entry);
    make_slugs();
    return std::move(file_);
  }

 private:
  // "P.yml#train", a component's file in `step`, or `step: train` beside `pipeline: P.yml`.
  void read_definition() {
    const Node* pipeline = root_.find("pipeline");
    const Node* step = root_.find("step");
    const Node* from = pipeline ? pipeline : step;
    if (!from || !from->is_scalar()) {
      if (!from)
        diagnostics_.error(root_.place, "it does not say of which step",
                           "'pipeline: FILE.yml#STEP', or 'step: COMPONENT.yml'");
      return;
    }
    std::string name = from->scalar;
    for (const std::string mark : {"#", "::"})
      if (const auto cut = name.rfind(mark); cut != std::string::npos) {
        step_ = name.substr(cut + mark.size());
        name.resize(cut);
        break;
      }
    definition_ = fs::absolute(name, file_.path.parent_path()).lexically_normal();
    if (boost::system::error_code ignored; !fs::is_regular_file(definition_, ignored))
      diagnostics_.error(from->place,
                         fmt::format("there is no {}", base::display_path(definition_)),
                         "the path starts at the test file's folder");
    if (pipeline && step) step_ = step->scalar;
  }

  void check_inputs(const Node& map) {
    const Node* inputs = map.find("inputs");
    if (!inputs) return;
    if (!inputs->is_map())
      diagnostics_.error(inputs->place, "'inputs' takes a mapping of inputs to mocks");
    for (const auto& entry : inputs->entries)
      if (!entry.value.is_scalar() && !entry.value.is_map())
        diagnostics_.error(
            entry.value.place,
            fmt::format("input '{}' takes a path, a mock's name, a value, or a mock", entry.key));
  }

  void read_case(const text::Entry& entry) {
    if (!entry.value.is_map() && !entry.value.is_null()) {
      diagnostics_.error(entry.value.place, fmt::format("case '{}' is no mapping", entry.key));
      return;
    }
    const Node* each = entry.value.is_map() ? entry.value.find("each") : nullptr;
    if (!each) return add(entry, entry.key, entry.value, entry.key_place);
    if (!each->is_sequence() || each->items.empty()) {
      diagnostics_.error(each->place, "'each' takes a list of rows: '- {rate: 0.1, rows: 3}'");
      return;
    }
    for (const auto& row : each->items) {
      if (!row.is_map()) {
        diagnostics_.error(row.place, "a row of 'each' is a mapping of names to values");
        continue;
      }
      Node placed = entry.value;
      std::erase_if(placed.entries, [](const auto& key) { return key.key == "each"; });
      place_row(placed, row);
      add(entry, name_of_row(entry.key, row), placed, row.place);
    }
  }

  void add(const text::Entry& entry, const std::string& name, const Node& said,
           const base::Place& place) {
    check(said, keys_of_case(), diagnostics_);
    check_inputs(said);
    const auto known = places_.emplace(name, place);
    if (!known.second)
      diagnostics_.error(place, fmt::format("two tests are called '{}'", name),
                         fmt::format("the first is at line {}; give this one another name",
                                     known.first->second.line));
    Case test;
    test.name = name;
    test.place = entry.key_place;
    test.file = file_.path;
    test.definition = definition_;
    const Node* step = said.find("step");
    test.step = step ? step->scalar : step_;
    test.inputs = merged(root_, said, "inputs");
    test.set = merged_words(root_, said, "set");
    test.modes = merged_words(root_, said, "modes");
    test.environment = merged_words(root_, said, "environment");
    if (const Node* faults = either(root_, said, "faults")) {
      if (faults->is_scalar()) test.faults.push_back(faults->scalar);
      for (const auto& item : faults->items) test.faults.push_back(item.scalar);
    }
    test.cost = text_of(root_, said, "cost");
    test.clock = text_of(root_, said, "clock");
    test.data_access = text_of(root_, said, "data_access");
    test.before = text_of(root_, said, "before");
    test.after = text_of(root_, said, "after");
    if (const Node* timeout = either(root_, said, "timeout")) {
      test.timeout = timeout->as_real();
      const bool number = timeout->kind == text::Kind::integer || timeout->kind == text::Kind::real;
      if (number && !(test.timeout > 0))
        diagnostics_.error(timeout->place, "'timeout' takes seconds, more than 0");
    }
    if (const Node* expect = said.find("expect")) test.expect = *expect;
    file_.cases.push_back(std::move(test));
  }

  void make_slugs() {
    std::map<std::string, int> taken;
    for (auto& test : file_.cases) {
      test.slug = slug_of(test.name);
      if (const int n = ++taken[test.slug]; n > 1) test.slug += fmt::format("~{}", n);
    }
  }

  text::Diagnostics& diagnostics_;
  TestFile file_;
  Node root_;
  fs::path definition_;
  std::string step_;
  std::map<std::string, base::Place> places_;
};

void find_below(const fs::path& folder, std::set<fs::path>& found) {
  boost::system::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().native();
    boost::system::error_code ignored;
    if (fs::is_symlink(entry->symlink_status(ignored))) continue;
    if (fs::is_directory(entry->path(), ignored)) {
      if (!name.starts_with('.') && name != "__pycache__" && name != "node_modules")
        find_below(entry->path(), found);
    } else if (name.ends_with(test_suffix)) {
      found.insert(entry->path());
    }
  }
}

// A recursive descent over "a and not (b or c)".
class Selection {
 public:
  Selection(const std::string& expression, std::string subject)
      : expression_(expression), subject_(lower(std::move(subject))) {
    std::string word;
    const auto flush = [&] {
      if (!word.empty()) words_.push_back(std::exchange(word, ""));
    };
    for (const char c : expression) {
      if (c == ' ' || c == '\t') {
        flush();
      } else if (c == '(' || c == ')') {
        flush();
        words_.emplace_back(1, c);
      } else {
        word += c;
      }
    }
    flush();
  }

  bool value() {
    const bool value = any();
    if (at_ != words_.size()) refuse();
    return value;
  }

 private:
  static std::string lower(std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
  }
  bool take(std::string_view word) {
    if (at_ >= words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  bool any() {
    bool value = all();
    while (take("or")) value = all() || value;
    return value;
  }
  bool all() {
    bool value = one();
    while (take("and")) value = one() && value;
    return value;
  }
  bool one() {
    if (take("not")) return !one();
    if (take("(")) {
      const bool value = any();
      if (!take(")")) refuse();
      return value;
    }
    std::string phrase;
    static const std::set<std::string> own = {"and", "or", "not", "(", ")"};
    for (; at_ < words_.size() && !own.contains(words_[at_]); ++at_)
      phrase += (phrase.empty() ? "" : " ") + words_[at_];
    if (phrase.empty()) refuse();
    return subject_.find(lower(phrase)) != std::string::npos;
  }
  [[noreturn]] void refuse() const {
    throw base::Error(base::Code::usage, fmt::format("-k '{}' is no expression", expression_))
        .hint("words of a test's name, with and, or, not and parentheses: -k 'clean and not slow'");
  }

  const std::string& expression_;
  const std::string subject_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace

std::string Case::id() const {
  return fmt::format("{}::{}", base::display_path(file), name);
}

fs::path Case::snapshots() const {
  std::string stem = file.filename().native();
  stem.resize(stem.size() - test_suffix.size());
  return file.parent_path() / "snapshots" / stem / slug;
}

std::vector<fs::path> find_tests(const std::vector<fs::path>& paths) {
  std::set<fs::path> found;
  for (const auto& path : paths) {
    boost::system::error_code ignored;
    if (fs::is_directory(path, ignored)) {
      find_below(path, found);
      continue;
    }
    if (!fs::exists(path, ignored))
      throw base::Error(base::Code::not_found,
                        fmt::format("there is no {}", base::display_path(path)));
    if (!path.native().ends_with(test_suffix))
      throw base::Error(base::Code::usage,
                        fmt::format("{} is no file of step tests", base::display_path(path)))
          .hint(fmt::format("they are called NAME{}", test_suffix));
    found.insert(path);
  }
  return {found.begin(), found.end()};
}

TestFile read_tests(const fs::path& path, text::Diagnostics& diagnostics) {
  return Reader(path, diagnostics).read();
}

bool is_selected(const std::string& expression, const Case& test) {
  return expression.empty() || Selection(expression, test.id()).value();
}

}  // namespace harness
