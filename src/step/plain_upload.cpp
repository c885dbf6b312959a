#include "step/plain_upload.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

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
  // Without `own` no link may stay that leads out of `made`; with it only those into `own` go.
  Plain(const fs::path& made, const fs::path& own, const Views& views, const std::string& what)
      : made_(made),
        canonical_(fs::weakly_canonical(made)),
        own_(own.empty() ? own : fs::weakly_canonical(own)),
        views_(views),
        what_(what) {
    for (auto& [source, point] : views_.inputs) point = fs::weakly_canonical(point);
  }

  std::vector<std::string> make() {
    visit(made_);
    return std::move(notices_);
  }

 private:
  void visit(const fs::path& path) {
    switch (fs::symlink_status(path).type()) {
      case fs::symlink_file:
        return visit_link(path);
      case fs::directory_file: {
        make_readable(path, S_IRWXU);
        // First all names: entries change while they are visited.
        for (const auto& entry : entries_of(path)) visit(entry);
        return;
      }
      case fs::regular_file:
        return make_readable(path, S_IRUSR);
      default:
        if (!stays()) fs::remove(path);
        leave_out(path);
    }
  }

  // The cloud's stores keep no modes: what a step made unreadable is uploaded all the same.
  static void make_readable(const fs::path& path, mode_t bits) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && (status.st_mode & bits) != bits)
      ::chmod(path.c_str(), (status.st_mode & 07777U) | bits);
  }

  void visit_link(const fs::path& link) {
    boost::system::error_code none;
    const auto [target, is_input] = resolve(link, none);
    if (none && stays()) return note(link, "leads to nothing");
    if (none) refuse(link, "leads to nothing");
    if (link != made_ && fs::read_symlink(link).is_relative() && lies_below(target, canonical_))
      return;
    if (stays() && !is_input && !lies_below(target, own_)) {
      if (!lies_below(target, canonical_) || link == made_)
        note(link, "leads out of it, where the cloud keeps nothing");
      return;
    }
    if (stays()) note(link, "led into the step's own folder and is now what was there");
    const fs::path copy = link.parent_path() / (".following-" + base::random_id(8));
    follow(link, target, copy, {});
    fs::remove(link);
    if (fs::symlink_status(copy).type() != fs::file_not_found) fs::rename(copy, link);
  }

  struct Target {
    fs::path path;
    bool is_input = false;
  };

  // Where the command saw an input there is only an empty place for everybody else.
  Target resolve(const fs::path& entry, boost::system::error_code& none) const {
    fs::path path = entry;
    bool elsewhere = false;
    for (int links = 0; links < 40; ++links) {
      const fs::path place = fs::weakly_canonical(path.parent_path(), none) / path.filename();
      for (const auto& [source, point] : views_.inputs)
        if (lies_below(place, point))
          return {fs::canonical(place == point ? source : source / place.lexically_relative(point),
                                none),
                  true};
      boost::system::error_code ignored;
      if (!fs::is_symlink(fs::symlink_status(place, ignored))) break;
      path = fs::absolute(fs::read_symlink(place), place.parent_path()).lexically_normal();
      if (!views_.seen_root.empty() && lies_below(path, views_.seen_root)) {
        path = (views_.root / path.lexically_relative(views_.seen_root)).lexically_normal();
        elsewhere = true;
      }
    }
    return {fs::canonical(elsewhere ? path : entry, none), false};
  }

  // A copy without any link; `around` are the folders it is being made of.
  void follow(const fs::path& link, const fs::path& target, const fs::path& to,
              std::vector<fs::path> around) {
    const auto type = fs::status(target).type();
    if (type == fs::regular_file) return base::copy_file(target, to);
    if (type != fs::directory_file) return leave_out(link);
    const bool has_itself = lies_below(fs::weakly_canonical(to), target) ||
                            std::find(around.begin(), around.end(), target) != around.end();
    if (has_itself) refuse(link, "leads to a folder that it is in");
    around.push_back(target);
    fs::create_directory(to);
    for (const auto& entry : entries_of(target)) {
      boost::system::error_code none;
      const fs::path next = resolve(entry, none).path;
      if (none)
        refuse(link, fmt::format("leads to a folder whose '{}' leads to nothing",
                                 entry.filename().native()));
      follow(link, next, to / entry.filename(), around);
    }
  }

  bool stays() const { return !own_.empty(); }

  void note(const fs::path& link, const std::string& how) {
    notices_.push_back(fmt::format("{}: the link '{}' {} ('{}')", what_, name_of(link), how,
                                   fs::read_symlink(link).native()));
  }

  void leave_out(const fs::path& path) {
    notices_.push_back(fmt::format("{}: '{}' is no file{}: only files and folders can be {}", what_,
                                   name_of(path), stays() ? "" : " and is left out",
                                   stays() ? "read again" : "uploaded"));
  }

  std::string name_of(const fs::path& path) const {
    return path == made_ ? made_.filename().native() : path.lexically_relative(made_).native();
  }

  [[noreturn]] void refuse(const fs::path& link, const std::string& why) const {
    throw base::Error(base::Code::bad_input,
                      fmt::format("{}: the link '{}' {} ('{}')", what_, name_of(link), why,
                                  fs::read_symlink(link).native()))
        .hint("let the step write a file there: a datastore knows no links");
  }

  const fs::path& made_;
  const fs::path canonical_;
  const fs::path own_;
  Views views_;
  const std::string& what_;
  std::vector<std::string> notices_;
};

}  // namespace

std::vector<std::string> make_plain(const fs::path& made, const Views& views,
                                    const std::string& what) {
  return Plain(made, {}, views, what).make();
}

std::vector<std::string> settle_links(const fs::path& destination, const fs::path& own,
                                      const Views& views, const std::string& what) {
  return Plain(destination, own, views, what).make();
}

}  // namespace step
