#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/filesystem/operations.hpp>
#include <charconv>

#include "base/error.hpp"
#include "base/files.hpp"
#include "workspace/workspace.hpp"

namespace workspace {
namespace {

constexpr int format_version = 1;

bool is_there(const fs::path& path) {
  boost::system::error_code ignored;
  return fs::exists(path, ignored);
}

void make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return;
  const int error_number = errno;
  boost::system::error_code ignored;
  if (error_number == EEXIST && fs::is_directory(folder, ignored)) return;
  throw base::os_error("create", folder.native(), error_number);
}

void check_stamp(const Layout& layout, const fs::path& stamp) {
  const std::string text = base::read_file(stamp);
  int version = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), version);
  if (read.ec != std::errc() || version < 1)
    throw base::Error(base::Code::corrupt,
                      fmt::format("'{}' does not hold a format number", stamp.native()))
        .hint(fmt::format("write {} into it, or move '{}' away to start anew", format_version,
                          layout.hidden().native()));
  if (version > format_version)
    throw base::Error(base::Code::newer_version,
                      fmt::format("'{}' was made by a newer amlocal (format {}; this one knows {})",
                                  layout.hidden().native(), version, format_version))
        .hint("update amlocal, or move that folder away to start anew");
}

}  // namespace

fs::path script_of(const fs::path& job) {
  const fs::path told = job.parent_path() / "script";
  boost::system::error_code ignored;
  return fs::is_regular_file(told, ignored) ? base::read_file(told) : "";
}

Layout find(const fs::path& start) {
  boost::system::error_code ignored;
  fs::path folder = fs::absolute(start).lexically_normal();
  while (!folder.empty() && !fs::is_directory(folder, ignored)) folder = folder.parent_path();
  // "a/." and "a/" normalize to "a/.": without that last part the parents count right.
  if (folder.filename() == "." || folder.filename().empty()) folder = folder.parent_path();
  if (folder.empty()) folder = "/";
  // A job that a Python definition made lies among the records of its own workspace.
  for (fs::path up = folder; !up.empty(); up = up.parent_path())
    if (up.filename() == ".amlocal" && up.has_parent_path()) return {up.parent_path()};
  for (fs::path up = folder; !up.empty(); up = up.parent_path())
    if (is_there(up / ".git")) return {up};
  for (fs::path up = folder; !up.empty(); up = up.parent_path())
    if (is_there(up / "amlocal.yml")) return {up};
  return {folder};
}

base::Error with_owner_hint(base::Error error, const Layout& layout) {
  if (error.code() == base::Code::permission && error.hint().empty())
    error.hint(
        fmt::format("amlocal keeps its records in '{}': make that writable for you, or copy "
                    "the project to a folder of your own",
                    layout.hidden().native()));
  return error;
}

void check_format(const Layout& layout) {
  const fs::path stamp = layout.hidden() / "format";
  if (is_there(stamp)) check_stamp(layout, stamp);
}

namespace {

void make(const Layout& layout) {
  make_folder(layout.hidden());
  const fs::path stamp = layout.hidden() / "format";
  if (is_there(stamp)) check_stamp(layout, stamp);
  // The folder hides itself from git, so that no .gitignore of the user's needs a line.
  const fs::path hide = layout.hidden() / ".gitignore";
  if (!is_there(hide)) base::write_file_atomically(hide, "*\n");
  make_folder(layout.datastores());
  make_folder(layout.datastores() / "workspaceblobstore");
  // The stamp comes last: where it stands, the rest stands too.
  if (!is_there(stamp)) base::write_file_atomically(stamp, fmt::format("{}\n", format_version));
}

}  // namespace

void ensure(const Layout& layout) {
  try {
    make(layout);
  } catch (base::Error& error) {
    throw with_owner_hint(std::move(error), layout);
  }
}

}  // namespace workspace
