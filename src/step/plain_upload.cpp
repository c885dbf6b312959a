#include "step/plain_upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/names.hpp"

namespace step {
namespace {

bool lies_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  boost::system::error_code failed;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    entries.push_back(entry->path());
  if (failed) throw base::os_error("read", folder.native(), failed.value());
  return entries;
}

class Plain {
 public:
  Plain(const fs::path& made, const std::string& what)
      : made_(made), canonical_(fs::weakly_canonical(made)), what_(what) {}

  std::vector<std::string> make() {
    visit(made_);
    return std::move(left_out_);
  }

 private:
  void visit(const fs::path& path) {
    switch (fs::symlink_status(path).type()) {
      case fs::symlink_file:
        return visit_link(path);
      case fs::directory_file: {
        // First all names: entries change while they are visited.
        for (const auto& entry : entries_of(path)) visit(entry);
        return;
      }
      case fs::regular_file:
        return;
      default:
        fs::remove(path);
        left_out_.push_back(name_of(path));
    }
  }

  void visit_link(const fs::path& link) {
    boost::system::error_code none;
    const fs::path target = fs::canonical(link, none);
    if (none) refuse(link, "leads to nothing");
    if (link != made_ && fs::read_symlink(link).is_relative() && lies_below(target, canonical_))
      return;
    const fs::path copy = link.parent_path() / (".following-" + base::random_id(8));
    follow(link, target, copy, {});
    fs::remove(link);
    if (fs::symlink_status(copy).type() != fs::file_not_found) fs::rename(copy, link);
  }

  // A copy without any link; `around` are the folders it is being made of.
  void follow(const fs::path& link, const fs::path& target, const fs::path& to,
              std::vector<fs::path> around) {
    const auto type = fs::status(target).type();
    if (type == fs::regular_file) return base::copy_file(target, to);
    if (type != fs::directory_file) return left_out_.push_back(name_of(link));
    const bool has_itself = lies_below(fs::weakly_canonical(to), target) ||
                            std::find(around.begin(), around.end(), target) != around.end();
    if (has_itself) refuse(link, "leads to a folder that it is in");
    around.push_back(target);
    fs::create_directory(to);
    for (const auto& entry : entries_of(target)) {
      boost::system::error_code none;
      const fs::path next = fs::canonical(entry, none);
      if (none)
        refuse(link, fmt::format("leads to a folder whose '{}' leads to nothing",
                                 entry.filename().native()));
      follow(link, next, to / entry.filename(), around);
    }
  }

  std::string name_of(const fs::path& path) const {
    return path == made_ ? made_.filename().native() : path.lexically_relative(made_).native();
  }

  [[noreturn]] void refuse(const fs::path& link, const std::string& why) const {
    throw base::Error(base::Code::bad_input,
                      fmt::format("{}: the link '{}' {} ('{}')", what_, name_of(link), why,
                                  fs::read_symlink(link).native()))
        .hint("let the step write a file there: an upload holds no links");
  }

  const fs::path& made_;
  const fs::path canonical_;
  const std::string& what_;
  std::vector<std::string> left_out_;
};

}  // namespace

std::vector<std::string> make_plain(const fs::path& made, const std::string& what) {
  return Plain(made, what).make();
}

}  // namespace step
