#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>

#include "base/error.hpp"
#include "meter/decorator.hpp"
#include "meter/fault.hpp"
#include "text/diagnostic.hpp"

namespace meter {
namespace {

struct Word {
  std::string text;
  base::Place place;
};

struct Operation {
  std::string_view word;
  std::vector<Op> ops;
};

// What a program does to files, and what reaches the view for it.
const std::vector<Operation>& file_operations() {
  static const std::vector<Operation> table = {
      {"open", {Op::open, Op::create}},
      {"create", {Op::create, Op::mknod, Op::symlink, Op::link}},
      {"close", {Op::flush}},
      {"read", {Op::read}},
      {"write", {Op::write, Op::allocate}},
      {"fsync", {Op::fsync}},
      {"stat", {Op::lookup, Op::getattr}},
      {"list", {Op::opendir, Op::readdir}},
      {"mkdir", {Op::mkdir}},
      {"delete", {Op::unlink, Op::rmdir}},
      {"rename", {Op::rename}},
      {"truncate", {Op::setattr}},
      {"lock", {Op::lock}},
      {"any", {Op::lookup,  Op::getattr, Op::setattr, Op::readlink, Op::symlink, Op::link,
               Op::mknod,   Op::mkdir,   Op::unlink,  Op::rmdir,    Op::rename,  Op::open,
               Op::create,  Op::read,    Op::write,   Op::flush,    Op::fsync,   Op::opendir,
               Op::readdir, Op::statfs,  Op::xattr,   Op::lock,     Op::seek,    Op::allocate}},
  };
  return table;
}

const std::vector<Operation>& requests() {
  static const std::vector<Op> all = {Op::list,   Op::head,        Op::get,           Op::put,
                                      Op::remove, Op::make_folder, Op::remove_folder, Op::move};
  static const std::vector<Operation> table = [] {
    std::vector<Operation> rows;
    rows.reserve(all.size() + 1);
    for (const Op op : all) rows.push_back({to_string(op), {op}});
    rows.push_back({"any", all});
    return rows;
  }();
  return table;
}

// What a store or a mount can suffer as a whole.
constexpr std::string_view throttle_word = "throttle";
constexpr std::string_view slow_word = "slow";
constexpr std::string_view disconnect_word = "disconnect";

struct ErrorName {
  std::string_view name;
  int number;
};
constexpr ErrorName error_names[] = {
    {"EIO", EIO},       {"ENOSPC", ENOSPC},       {"EDQUOT", EDQUOT}, {"EACCES", EACCES},
    {"EPERM", EPERM},   {"ENOENT", ENOENT},       {"EEXIST", EEXIST}, {"EROFS", EROFS},
    {"EBUSY", EBUSY},   {"EAGAIN", EAGAIN},       {"EINTR", EINTR},   {"ESTALE", ESTALE},
    {"EFBIG", EFBIG},   {"ETIMEDOUT", ETIMEDOUT}, {"ENOSYS", ENOSYS}, {"ENOTCONN", ENOTCONN},
    {"EMFILE", EMFILE}, {"ENOLCK", ENOLCK},
};

[[noreturn]] void refuse(const Word& word, std::string what, std::string hint = "") {
  throw base::Error(base::Code::bad_input, std::move(what)).at(word.place).hint(std::move(hint));
}

std::vector<Word> split(const std::string& text, const base::Place& start) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[at]))) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end]))) ++end;
    base::Place place = start;
    place.column += static_cast<unsigned>(at);
    words.push_back({text.substr(at, end - at), place});
    at = end;
  }
  return words;
}

void read_where(const Word& word, Fault& fault) {
  const auto colon = word.text.find(':');
  fault.where = word.text.substr(0, colon);
  if (colon != std::string::npos) {
    fault.file = word.text.substr(colon + 1);
    if (fault.file.empty())
      refuse(word, "a file is missing after ':'", "for all files leave out the ':'");
  }
  if (fault.where == "store" || fault.where == "*") return;
  const bool binding = fault.where.find(".inputs.") != std::string::npos ||
                       fault.where.find(".outputs.") != std::string::npos;
  if (binding && !fault.where.starts_with('.') && !fault.where.ends_with('.')) return;
  const std::string near = text::nearest(fault.where, {"store"});
  refuse(word, fmt::format("'{}' is no place for a fault", fault.where),
         near.empty() ? "write STEP.inputs.NAME, STEP.outputs.NAME, store, or * for every mount"
                      : fmt::format("did you mean '{}'?", near));
}

void read_what(const Word& word, Fault& fault) {
  const auto& table = fault.at_store() ? requests() : file_operations();
  const auto& any = table.back().ops;
  if (fault.at_store() && (word.text == throttle_word || word.text == slow_word)) {
    fault.ops = any;
    fault.how = word.text == slow_word ? Fault::How::slow : Fault::How::throttle;
    return;
  }
  if (!fault.at_store() && word.text == disconnect_word) {
    fault.ops = any;
    fault.how = Fault::How::disconnect;
    return;
  }
  std::vector<std::string> known;
  for (const Operation& operation : table) {
    if (operation.word == word.text) {
      fault.ops = operation.ops;
      return;
    }
    known.emplace_back(operation.word);
  }
  if (fault.at_store()) {
    known.emplace_back(throttle_word);
    known.emplace_back(slow_word);
  } else {
    known.emplace_back(disconnect_word);
  }
  refuse(word,
         fault.at_store() ? fmt::format("a store knows no '{}'", word.text)
                          : fmt::format("a mount knows no '{}'", word.text),
         text::did_you_mean(word.text, known, known.size()));
}

std::uint64_t read_count(const Word& word, std::string_view value, std::uint64_t least = 1) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed != std::errc() || end != value.data() + value.size() || number < least)
    refuse(word, fmt::format("'{}' is no whole number, at least {}", value, least));
  return number;
}

Nanos read_duration(const Word& word, std::string_view value) {
  const auto time = parse_duration(value);
  if (!time)
    refuse(word, fmt::format("'{}' is no time", value),
           fmt::format("a number with its unit, as in 30s; units: {}", duration_units));
  return *time;
}

void read_after(const Word& word, std::string_view value, Fault& fault) {
  if (const auto bytes = parse_bytes(value))
    fault.after_bytes = *bytes;
  else if (const auto time = parse_duration(value))
    fault.after = *time;
  else
    refuse(word, fmt::format("'{}' is neither a size nor a time", value),
           "as in after=10MB or after=30s");
}

void read_probability(const Word& word, std::string_view value, Fault& fault) {
  const auto p = parse_number(value);
  if (!p || *p <= 0 || *p > 1)
    refuse(word, fmt::format("'{}' is no probability", value), "more than 0, at most 1");
  fault.probability = *p;
}

// A word of the form key=value.
void read_setting(const Word& word, Fault& fault, std::vector<std::string>& seen) {
  const auto sign = word.text.find('=');
  const std::string key = word.text.substr(0, sign);
  const std::string_view value = std::string_view(word.text).substr(sign + 1);
  if (std::find(seen.begin(), seen.end(), key) != seen.end())
    refuse(word, fmt::format("'{}=' stands twice", key));
  seen.push_back(key);
  if (key == "nth")
    fault.nth = read_count(word, value);
  else if (key == "first")
    fault.first = read_count(word, value);
  else if (key == "every")
    fault.every = read_count(word, value);
  else if (key == "p")
    read_probability(word, value, fault);
  else if (key == "seed")
    fault.seed = read_count(word, value, 0);
  else if (key == "after")
    read_after(word, value, fault);
  else if (key == "for")
    fault.lasting = read_duration(word, value);
  else if (key == "delay")
    fault.delay = read_duration(word, value);
  else
    refuse(
        word, fmt::format("unknown setting '{}='", key),
        text::did_you_mean(key, {"nth", "first", "every", "p", "seed", "after", "for", "delay"}));
}

bool is_digits(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

void read_status(const Word& word, Fault& fault) {
  if (!fault.at_store())
    refuse(word, fmt::format("a mount answers no '{}'", word.text),
           "an error number's name, as EIO; HTTP statuses belong to 'store'");
  std::vector<std::string> known;
  for (const int status : known_statuses()) known.push_back(std::to_string(status));
  if (std::find(known.begin(), known.end(), word.text) == known.end())
    refuse(word, fmt::format("'{}' is no status that a store answers with", word.text),
           fmt::format("one of: {}", fmt::join(known, ", ")));
  fault.number = std::stoi(word.text);
  fault.how = Fault::How::http;
}

void read_error_name(const Word& word, Fault& fault) {
  std::vector<std::string> known;
  for (const auto& [name, number] : error_names) {
    if (name == word.text) {
      if (fault.at_store())
        refuse(word, fmt::format("a store answers no '{}'", word.text),
               "an HTTP status, as 503; error numbers belong to mounts");
      fault.number = number;
      fault.how = Fault::How::errno_;
      return;
    }
    known.emplace_back(name);
  }
  refuse(word, fmt::format("'{}' says neither when nor how", word.text),
         text::did_you_mean(word.text, known, known.size()));
}

// The last word: an error, a status, a factor.
void read_how(const Word& word, Fault& fault) {
  if (fault.how == Fault::How::throttle || fault.how == Fault::How::disconnect)
    refuse(word, fmt::format("'{}' has nothing to do here", word.text),
           "what happens is already said; WHEN is nth=, first=, every=, p=, after= or for=");
  if (word.text.starts_with('x')) {
    const auto factor = parse_number(std::string_view(word.text).substr(1));
    if (!factor || *factor < 1 || *factor > 1e6)
      refuse(word, fmt::format("'{}' is no factor", word.text), "as in x10; from 1 to 1000000");
    if (!fault.at_store())
      refuse(word, "only a store can be slow", "delay=2s delays an operation of a mount");
    fault.factor = *factor;
    fault.how = Fault::How::slow;
  } else if (is_digits(word.text)) {
    read_status(word, fault);
  } else {
    read_error_name(word, fault);
  }
}

Fault parse(const std::string& text, const base::Place& start) {
  const std::vector<Word> words = split(text, start);
  const Word end{"", start};
  if (words.size() < 2)
    refuse(words.empty() ? end : words.front(), "a fault needs at least a place and an operation",
           "WHERE WHAT [WHEN] [HOW], as in 'train.outputs.model close nth=3 EIO'");
  Fault fault;
  fault.text = text;
  fault.place = words[0].place;
  read_where(words[0], fault);
  read_what(words[1], fault);
  const bool whole = fault.how != Fault::How::errno_;  // throttle, slow, disconnect
  std::vector<std::string> seen;
  bool said_how = false;
  for (std::size_t n = 2; n < words.size(); ++n) {
    if (words[n].text.find('=') != std::string::npos) {
      read_setting(words[n], fault, seen);
      continue;
    }
    if (said_how) refuse(words[n], fmt::format("'{}' comes after how was said", words[n].text));
    read_how(words[n], fault);
    said_how = true;
  }
  const auto has = [&](const char* key) {
    return std::find(seen.begin(), seen.end(), key) != seen.end();
  };
  if (has("nth") + has("first") + has("every") > 1)
    refuse(words[2], "only one of nth=, first= and every= can hold");
  if (has("seed") && !has("p")) refuse(words[2], "seed= needs p=");
  if (has("delay") && (said_how || whole))
    refuse(words[2], "delay= is a how of its own", "leave out the other one");
  if (has("delay"))
    fault.how = Fault::How::delay;
  else if (!said_how && fault.how == Fault::How::slow)
    refuse(words[1], "how slow is not said", "as in 'store slow x10'");
  else if (!said_how && !whole)
    refuse(words.back(), "how it fails is not said",
           fault.at_store() ? "an HTTP status (503), a factor (x10) or delay=2s"
                            : "an error (EIO, ENOSPC, …) or delay=2s");
  return fault;
}

}  // namespace

Fault parse_fault(const std::string& text, const std::string& origin) {
  return parse(text, {std::make_shared<base::SourceText>(base::SourceText{origin, text}), 1, 1});
}

Fault parse_fault(const std::string& text, const base::Place& place) {
  return parse(text, place);
}

}  // namespace meter
