#include "gateway/run_filter.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/error.hpp"

namespace gateway {
namespace {

using Value = std::optional<std::string>;

Value word_in(const model::Words& words, std::string_view name) {
  const auto found = words.find(std::string(name));
  return found == words.end() ? Value() : Value(found->second);
}

Value time_of(const std::optional<base::Time>& time) {
  return time ? Value(base::to_iso(*time)) : Value();
}

// Names as the services have them, which do not mind capitals in azureml-core's own two spellings.
Value field(const model::TrackedRun& run, std::string_view name) {
  if (name.starts_with("Tags/")) return word_in(run.tags, name.substr(5));
  if (name.starts_with("Properties/")) return word_in(run.properties, name.substr(11));
  if (name == "RunId") return run.id;
  if (name == "ParentRunId") return run.parent.empty() ? Value() : Value(run.parent);
  if (name == "RootRunId") return run.root;
  if (name == "Status") return std::string(to_string(run.status));
  if (name == "RunType") return run_type(run);
  if (name == "Target") return "local";
  if (name == "name" || name == "DisplayName") return run.name;
  if (name == "CreatedUtc" || name == "StartTimeUtc") return time_of(run.started);
  if (name == "EndTimeUtc") return time_of(run.ended);
  return std::nullopt;
}

class Filter {
 public:
  Filter(const model::TrackedRun& run, std::string_view text) : run_(run), text_(text) {}

  bool whole() {
    const bool passes = either();
    skip_blanks();
    if (at_ < text_.size()) refuse();
    return passes;
  }

 private:
  bool either() {
    bool result = both();
    while (take("or ")) result = both() || result;
    return result;
  }
  bool both() {
    bool result = one();
    while (take("and ")) result = one() && result;
    return result;
  }

  bool one() {
    if (take("(")) {
      const bool result = either();
      if (!take(")")) refuse();
      return result;
    }
    const Value given = field(run_, next_word());
    const std::string_view comparison = next_word();
    const Value wanted = value();
    if (comparison == "eq") return given == wanted;
    if (comparison == "ne") return given != wanted;
    if (comparison == "ge") return given && wanted && *given >= *wanted;
    if (comparison == "gt") return given && wanted && *given > *wanted;
    if (comparison == "le") return given && wanted && *given <= *wanted;
    if (comparison == "lt") return given && wanted && *given < *wanted;
    refuse();
  }

  // Quoted, or bare up to where the expression goes on: azureml-core does both.
  Value value() {
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) return quoted();
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != ')' && !text_.substr(end).starts_with(" and ") &&
           !text_.substr(end).starts_with(" or "))
      ++end;
    std::string word(text_.substr(at_, end - at_));
    at_ = end;
    if (word.empty()) refuse();
    return word == "null" ? Value() : Value(std::move(word));
  }

  // A quote within is written twice.
  Value quoted() {
    const char quote = text_[at_++];
    std::string word;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote && (at_ + 1 == text_.size() || text_[at_ + 1] != quote)) {
        ++at_;
        return word;
      }
      if (text_[at_] == quote) ++at_;
      word += text_[at_];
    }
    refuse();
  }

  std::string_view next_word() {
    skip_blanks();
    const std::size_t end = std::min(text_.find(' ', at_), text_.size());
    if (end == at_ || end == text_.size()) refuse();
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return word;
  }

  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  [[noreturn]] void refuse() const {
    throw base::Error(
        base::Code::bad_input,
        fmt::format("the filter '{}' cannot be read behind its {} characters", text_, at_));
  }

  const model::TrackedRun& run_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string run_type(const model::TrackedRun& run) {
  using Kind = model::TrackedRun::Kind;
  switch (run.kind) {
    case Kind::pipeline:
      return "azureml.PipelineRun";
    case Kind::step:
      return "azureml.StepRun";
    case Kind::trial:
      return "azureml.scriptrun";
    case Kind::child:
      break;
  }
  return "azureml.scriptrun";
}

bool passes(const model::TrackedRun& run, std::string_view filter) {
  return filter.empty() || Filter(run, filter).whole();
}

}  // namespace gateway
