#include "text/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <map>
#include <sstream>

#include "base/error.hpp"
#include "base/files.hpp"
#include "text/scalar.hpp"

namespace text {
namespace {

constexpr std::size_t deepest = 200;
constexpr std::size_t most_nodes = 1'000'000;  // 250 MB
constexpr std::size_t most_copied = 100'000;   // nodes that aliases repeat; 25 MB
constexpr std::uintmax_t largest_file = 16 << 20;

using Source = std::shared_ptr<const base::SourceText>;

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

// Makes nodes from yaml-cpp's events. Its own tree of nodes is passed by: it costs most of the time
// and memory of reading.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Source source) : source_(std::move(source)) { root_.place = {source_, 0, 0}; }

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      throw base::Error(base::Code::bad_definition, "a second YAML document starts here")
          .at(place(mark))
          .hint("one file holds one definition: put what follows '---' into a file of its own");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place(mark);
    // The mark of a value that is left out is that of whatever comes next.
    if (!open_.empty() && open_.back().has_key && !says_null(mark))
      node.place = open_.back().key_place;
    finish(std::move(node), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end())
      refuse(mark, "this alias stands inside what it stands for: it would never end");
    copied_ += count_nodes(known->second);
    if (copied_ > most_copied) refuse(mark, "aliases unfold this to more than 100,000 nodes");
    finish(known->second, YAML::NullAnchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.place = place(mark);
    node.offset = static_cast<std::size_t>(mark.pos);
    node.scalar = value;
    // yaml-cpp gives a quoted or block scalar the tag "!".
    node.kind = tag == "!" || tag == "tag:yaml.org,2002:str" ? Kind::string : kind_of_plain(value);
    finish(std::move(node), anchor, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Kind::sequence, mark, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Kind::map, mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  // A collection that is being read.
  struct Open {
    Node node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::Mark mark;
    bool has_key = false;  // the map's next value belongs to `key`
    std::string key;
    base::Place key_place;
    std::vector<Entry> merged;  // what `<<` brings
  };

  void start(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (!open_.empty() && open_.back().node.is_map() && !open_.back().has_key)
      refuse(mark, "a key must be a plain word here");
    if (open_.size() > deepest) refuse(mark, "this is nested too deeply (more than 200 levels)");
    Open open;
    open.node.kind = kind;
    open.node.place = place(mark);
    open.anchor = anchor;
    open.mark = mark;
    open_.push_back(std::move(open));
  }

  void end() {
    Open done = std::move(open_.back());
    open_.pop_back();
    // A key of its own beats a merged one.
    for (auto& entry : done.merged)
      if (!done.node.find(entry.key)) done.node.entries.push_back(std::move(entry));
    finish(std::move(done.node), done.anchor, done.mark);
  }

  void finish(Node node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (++nodes_ > most_nodes) refuse(mark, "this file holds more than 1,000,000 values");
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& open = open_.back();
    if (open.node.is_sequence()) {
      open.node.items.push_back(std::move(node));
    } else if (!open.has_key) {
      if (node.is_map() || node.is_sequence()) refuse(mark, "a key must be a plain word here");
      open.key = node.is_null() ? "null" : std::move(node.scalar);
      open.key_place = std::move(node.place);
      open.has_key = true;
    } else {
      open.has_key = false;
      if (open.key == "<<")
        merge(node, open);
      else
        open.node.entries.push_back(
            {std::move(open.key), std::move(open.key_place), std::move(node)});
    }
  }

  void merge(const Node& node, Open& open) {
    if (!node.is_map() && !node.is_sequence())
      throw base::Error(base::Code::bad_definition, "'<<' merges a mapping or a list of mappings")
          .at(open.key_place);
    for (const auto& entry : node.entries) open.merged.push_back(entry);
    for (const auto& item : node.items) merge(item, open);
  }

  base::Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {source_, 0, 0};
    return {source_, static_cast<unsigned>(mark.line) + 1, static_cast<unsigned>(mark.column) + 1};
  }

  bool says_null(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    return at < source_->content.size() &&
           std::string_view("~nN!&").find(source_->content[at]) != std::string_view::npos;
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string what) const {
    throw base::Error(base::Code::bad_definition, std::move(what)).at(place(mark));
  }

  Source source_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
  std::size_t copied_ = 0;
  bool started_ = false;
};

// yaml-cpp recurses as deep as the text says, so the depth of flow collections is looked at first.
void refuse_deep_nesting(const Source& source) {
  std::size_t depth = 0;
  unsigned line = 1;
  for (const char c : source->content) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > 5 * deepest)
      throw base::Error(base::Code::bad_definition,
                        "this is nested too deeply (more than 200 levels)")
          .at({source, line, 1});
  }
}

// The length of the character that starts at `at`, or 0 where there is none in UTF-8 (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t n) {
    return at + n < text.size() ? static_cast<unsigned char>(text[at + n]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (std::size_t n = 1; n < length; ++n)
    if ((byte(n) & 0xc0U) != 0x80) return 0;
  const unsigned second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return overlong || outside ? 0 : length;
}

void refuse_other_encodings(const Source& source) {
  const std::string& text = source->content;
  // yaml-cpp reads UTF-16 and UTF-32 by their byte order mark, as PyYAML does.
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
      text.starts_with(std::string_view("\0\0\xfe\xff", 4)))
    return;
  unsigned line = 1;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0)
      throw base::Error(base::Code::bad_definition,
                        fmt::format("byte 0x{:02x} is not UTF-8",
                                    static_cast<unsigned>(static_cast<unsigned char>(text[at]))))
          .at({source, line, static_cast<unsigned>(at - start) + 1})
          .hint("save the file as UTF-8; `iconv -f latin1 -t utf-8 FILE` makes one from Latin-1");
    if (text[at] == '\n') {
      ++line;
      start = at + 1;
    }
    at += length;
  }
}

// A pipe would block, a device never end.
void refuse_unreadable_kinds(const fs::path& path) {
  boost::system::error_code failed;
  const auto status = fs::status(path, failed);
  if (!fs::exists(status)) return;  // opening it says why
  const std::string shown = base::display_path(path);
  if (fs::is_directory(status))
    throw base::Error(base::Code::bad_definition, fmt::format("{} is a folder, not a file", shown))
        .hint("give the YAML file in it");
  if (!fs::is_regular_file(status))
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} is a pipe or a device, not a file", shown))
        .hint("write it to a file: relative paths in it start from the folder it is in");
  const auto size = fs::file_size(path, failed);
  if (!failed && size > largest_file)
    throw base::Error(base::Code::bad_definition,
                      fmt::format("{} has {} bytes; at most 16 MiB are read", shown, size))
        .hint("is this the right file?");
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& e) { return e.key == key; });
  return found == entries.rend() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

std::shared_ptr<const base::SourceText> read_source(const fs::path& path) {
  refuse_unreadable_kinds(path);
  std::string content = base::read_file(path);
  if (content.starts_with("\xef\xbb\xbf")) content.erase(0, 3);
  return std::make_shared<base::SourceText>(
      base::SourceText{base::display_path(path), std::move(content)});
}

Node parse_yaml(std::shared_ptr<const base::SourceText> source) {
  refuse_other_encodings(source);
  refuse_deep_nesting(source);
  try {
    std::istringstream stream(source->content);
    YAML::Parser parser(stream);
    Builder builder(source);
    // The second call finds the file's end, or a document too many.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    return builder.take();
  } catch (const YAML::Exception& problem) {
    const base::Place place{source, static_cast<unsigned>(problem.mark.line) + 1,
                            static_cast<unsigned>(problem.mark.column) + 1};
    const std::string line = place.line_text();
    base::Error error(base::Code::bad_definition, fmt::format("this is not YAML: {}", problem.msg));
    error.at(place);
    if (line.find('\t') != std::string::npos)
      error.hint("YAML is indented with blanks, never with tabs");
    throw error;
  }
}

}  // namespace text
