#include "data/delimited.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/path.hpp>
#include <cstring>
#include <unordered_set>

#include "base/error.hpp"

namespace data {
namespace {

constexpr std::size_t sniffed_from = 64 << 10;
constexpr std::size_t piece = 256 << 10;
constexpr std::size_t longest_record = 16 << 20;

char expected_in(const fs::path& file) {
  const std::string extension = file.extension().native();
  if (extension == ".tsv" || extension == ".tab") return '\t';
  return extension == ".psv" ? '|' : ',';
}

}  // namespace

RecordScanner::RecordScanner(char delimiter) : delimiter_(delimiter) {
  for (const char c : {delimiter, '\n', '\r'}) stops_[static_cast<unsigned char>(c)] = true;
}

RecordScanner::Found RecordScanner::scan(char* const begin, char* const end, bool last) {
  raw_.clear();
  fields_.clear();
  lines_ = 0;
  blank_ = false;
  char* at = begin;
  for (;;) {
    Raw field{at, at, at < end && *at == '"'};
    if (field.quoted) {
      ++at;
      for (;;) {
        auto* const quote =
            static_cast<char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
        if (!quote || (quote + 1 == end && !last)) {
          opened_ = raw_.size();
          return last ? Found::unclosed : Found::more;
        }
        lines_ += static_cast<std::size_t>(std::count(at, quote, '\n'));
        at = quote + 1;
        if (at == end || *at != '"') break;
        ++at;  // two stand for one
      }
    }
    while (at < end && !stops_[static_cast<unsigned char>(*at)]) ++at;
    field.end = at;
    if (at == end && !last) return Found::more;
    // CR LF is one line end: whether LF follows must be known.
    if (at < end && *at == '\r' && at + 1 == end && !last) return Found::more;
    raw_.push_back(field);
    if (at < end && *at == delimiter_) {
      ++at;
      continue;
    }
    break;
  }
  if (at < end) {
    at += *at == '\r' && at + 1 < end && at[1] == '\n' ? 2 : 1;
    ++lines_;
  }
  next_ = at;
  for (Raw& field : raw_) {
    if (field.quoted) undo_quotes(field);
    fields_.emplace_back(field.begin, static_cast<std::size_t>(field.end - field.begin));
  }
  blank_ = raw_.size() == 1 && !raw_.front().quoted && fields_.front().empty();
  return Found::record;
}

// Of `"a ""b"" c"d`: a "b" cd.
void RecordScanner::undo_quotes(Raw& field) const {
  char* to = ++field.begin;
  char* at = to;
  for (; at < field.end; ++at) {
    if (*at == '"') {
      ++at;
      if (at == field.end || *at != '"') break;
    }
    *to++ = *at;
  }
  while (at < field.end) *to++ = *at++;
  field.end = to;
}

DelimitedReader::DelimitedReader(const fs::path& file, std::optional<Dialect> dialect)
    : DelimitedReader(file_source(file), file.native(), dialect, expected_in(file)) {}

DelimitedReader::DelimitedReader(Source source, std::string name, std::optional<Dialect> dialect,
                                 char expected)
    : name_(std::move(name)),
      text_(std::move(source), dialect ? std::optional(dialect->encoding) : std::nullopt),
      buffer_(piece) {
  while (!last_ && end_ < sniffed_from) fill();
  sniffed_ = sniff({buffer_.data(), std::min(end_, sniffed_from)}, last_ && end_ <= sniffed_from,
                   expected);
  dialect_ = dialect ? *dialect : sniffed_.dialect;
  dialect_.encoding = text_.encoding();
  sniffed_.dialect.encoding = text_.encoding();
  scanner_ = std::make_unique<RecordScanner>(dialect_.delimiter);
  name_columns();
}

// More text behind end_, in a larger buffer where the record at begin_ fills this one; false at
// the end of the text.
bool DelimitedReader::fill() {
  if (last_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < piece / 4) buffer_.resize(buffer_.size() * 2);
  const std::size_t count = text_.read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += count;
  last_ = count == 0;
  return !last_;
}

bool DelimitedReader::next_record() {
  for (;;) {
    if (begin_ == end_ && !fill()) return false;
    line_ = next_line_;
    const auto found = scanner_->scan(buffer_.data() + begin_, buffer_.data() + end_, last_);
    if (found == RecordScanner::Found::unclosed)
      refuse(scanner_->opened(), "a quote is opened here and never closed",
             "close it, or write \"\" for a quote that belongs to the text");
    if (found == RecordScanner::Found::more) {
      if (end_ - begin_ > longest_record)
        refuse(scanner_->opened(), "a record of more than 16 MiB starts here",
               "most likely a quote is not closed");
      fill();
      continue;
    }
    const auto end = static_cast<std::size_t>(scanner_->next() - buffer_.data());
    position_ += end - begin_;
    begin_ = end;
    next_line_ += scanner_->lines();
    if (!scanner_->blank()) return true;
  }
}

bool DelimitedReader::next() {
  if (std::exchange(waiting_, false)) {
    ++row_;
    return true;
  }
  ++row_;
  if (next_record()) return true;
  --row_;
  return false;
}

void DelimitedReader::name_columns() {
  if (!next_record()) return;
  if (!dialect_.header) {
    waiting_ = true;
    for (std::size_t n = 0; n < fields().size(); ++n) columns_.push_back(fmt::to_string(n));
    return;
  }
  std::unordered_set<std::string> taken;
  for (const auto field : fields()) {
    const std::string name =
        field.empty() ? fmt::format("Unnamed: {}", columns_.size()) : std::string(field);
    std::string own = name;
    for (int n = 1; !taken.insert(own).second; ++n) own = fmt::format("{}.{}", name, n);
    columns_.push_back(std::move(own));
  }
}

void DelimitedReader::refuse(std::size_t field, std::string_view what,
                             std::string_view hint) const {
  const std::string row = row_ == 0 ? "the header" : fmt::format("row {}", row_);
  throw base::Error(base::Code::bad_input, fmt::format("{}: {}, column {} (line {}): {}", name_,
                                                       row, field + 1, line_, what))
      .hint(std::string(hint));
}

}  // namespace data
