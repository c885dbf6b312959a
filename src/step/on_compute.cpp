#include <fmt/format.h>
#include <unistd.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "step/bind.hpp"

namespace step {

LinksOnCompute::~LinksOnCompute() {
  for (const auto& link : links_) ::unlink(link.c_str());
}

// Source: sdk-v1 reference 4.2: path_on_compute is absolute, or relative to the working folder.
fs::path seen_on_compute(const Folder& folder, const std::string& what, const fs::path& place,
                         const std::optional<model::V1Port>& v1, Bindings& bindings) {
  const fs::path seen = folder.seen(place);
  if (!v1 || v1->path_on_compute.empty()) return seen;
  const fs::path wanted = v1->path_on_compute;
  const fs::path link = (wanted.is_absolute() ? wanted : folder.work / wanted).lexically_normal();
  boost::system::error_code failed;
  fs::create_directories(link.parent_path(), failed);
  if (!failed) fs::create_symlink(seen, link, failed);
  if (failed == boost::system::errc::file_exists)
    throw base::Error(
        base::Code::exists,
        fmt::format("{}: its path_on_compute '{}' is there already", what, wanted.native()))
        .hint("leave path_on_compute out, or give it a path that nothing else uses");
  if (failed) throw base::os_error("create", link.native(), failed.value());
  if (wanted.is_absolute()) {
    bindings.links.add(link);
    return link;
  }
  return folder.seen(link);
}

}  // namespace step
