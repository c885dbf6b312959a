#include "model/expression.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "text/position.hpp"

namespace model {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '.')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

class Splitter {
 public:
  Splitter(Template& result, std::vector<ExpressionProblem>& problems)
      : result_(result), problems_(problems) {}

  void split() {
    const std::string_view text = result_.text;
    std::size_t at = 0;
    std::size_t block_began = 0;
    while (at < text.size()) {
      if (text.substr(at).starts_with("${{")) {
        at = reference(at);
      } else if (block_ < 0 && text.substr(at).starts_with("$[[")) {
        flush();
        block_ = blocks_++;
        block_began = at;
        at += 3;
      } else if (block_ >= 0 && text.substr(at).starts_with("]]")) {
        flush();
        block_ = -1;
        at += 2;
      } else {
        plain_ += text[at++];
      }
    }
    if (block_ >= 0) problems_.push_back({block_began, "'$[[' is never closed with ']]'"});
    flush();
  }

 private:
  std::size_t reference(std::size_t begin) {
    const std::string_view text = result_.text;
    const std::size_t end = text.find("}}", begin);
    const std::size_t next = text.find("${{", begin + 3);
    if (end == std::string_view::npos || next < end) {
      problems_.push_back({begin, "'${{' is never closed with '}}'"});
      plain_ += "${{";
      return begin + 3;
    }
    const std::string inside = trimmed(text.substr(begin + 3, end - begin - 3));
    const auto words = split_words(inside);
    const bool gap =
        std::any_of(words.begin(), words.end(), [](const auto& word) { return word.empty(); });
    if (inside.empty())
      problems_.push_back({begin, "an empty expression '${{ }}'"});
    else if (inside.find_first_of(blanks) != std::string::npos)
      problems_.push_back({begin, "a name in '${{ " + inside + " }}' holds a blank"});
    else if (gap)
      problems_.push_back({begin, "'${{ " + inside + " }}' has an empty name between its dots"});
    else {
      flush();
      result_.segments.push_back({Reference{words, begin}, block_});
      return end + 2;
    }
    plain_ += text.substr(begin, end + 2 - begin);
    return end + 2;
  }

  void flush() {
    if (!plain_.empty()) result_.segments.push_back({std::exchange(plain_, ""), block_});
  }

  Template& result_;
  std::vector<ExpressionProblem>& problems_;
  std::string plain_;
  int block_ = -1;
  int blocks_ = 0;
};

}  // namespace

std::string Reference::to_string() const {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ".") + word;
  return text;
}

bool Reference::starts_with(std::initializer_list<std::string_view> head) const {
  return words.size() >= head.size() && std::equal(head.begin(), head.end(), words.begin());
}

const Reference* Template::as_binding() const {
  if (segments.size() != 1 || segments[0].optional_block >= 0) return nullptr;
  return std::get_if<Reference>(&segments[0].value);
}

base::Place Template::place_of(std::size_t offset) const {
  return text::place_in_scalar(place, text, offset);
}

std::vector<const Reference*> Template::references() const {
  std::vector<const Reference*> found;
  for (const auto& segment : segments)
    if (const auto* reference = std::get_if<Reference>(&segment.value)) found.push_back(reference);
  return found;
}

Template parse_template(std::string text, base::Place place,
                        std::vector<ExpressionProblem>& problems) {
  Template result{std::move(text), std::move(place), {}};
  Splitter(result, problems).split();
  return result;
}

std::string render(const Template& source,
                   const std::function<std::optional<std::string>(const Reference&)>& value) {
  std::set<int> dropped;
  for (const auto& segment : source.segments)
    if (const auto* reference = std::get_if<Reference>(&segment.value);
        reference && segment.optional_block >= 0)
      if (!value(*reference)) dropped.insert(segment.optional_block);
  std::string text;
  for (const auto& segment : source.segments) {
    if (segment.optional_block >= 0 && dropped.contains(segment.optional_block)) continue;
    if (const auto* reference = std::get_if<Reference>(&segment.value))
      text += value(*reference).value_or("");
    else
      text += std::get<std::string>(segment.value);
  }
  return text;
}

}  // namespace model
