#include "gateway/route.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>

#include "base/fd.hpp"
#include "base/names.hpp"

namespace gateway {
namespace {

constexpr std::size_t longest_json = 64 << 20;

std::string_view next_segment(std::string_view& path) {
  const auto end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
  return segment;
}

}  // namespace

nlohmann::json Call::json() {
  const std::string text = net::read_all(body, longest_json);
  auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded())
    throw base::Error(base::Code::bad_input, "the request's body is no JSON");
  if (!value.is_object())
    throw base::Error(base::Code::bad_input, "the request's body is no JSON object");
  return value;
}

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> words;
  // Real connection strings end with a slash, and clients put another one behind it.
  while (path.starts_with("//")) path.remove_prefix(1);
  while (!pattern.empty()) {
    const std::string_view wanted = next_segment(pattern);
    if (wanted == "{*}") {
      words.emplace_back(path);
      return words;
    }
    if (path.empty() && !wanted.empty()) return std::nullopt;
    const std::string_view segment = next_segment(path);
    if (wanted == "{}")
      words.emplace_back(segment);
    else if (wanted != segment)
      return std::nullopt;
  }
  if (!path.empty()) return std::nullopt;
  return words;
}

net::Reply reply(const nlohmann::json& value, int status) {
  net::Reply reply;
  reply.status = status;
  reply.body = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

int http_status(base::Code code) {
  using base::Code;
  switch (code) {
    case Code::not_found:
      return 404;
    case Code::exists:
    case Code::conflict:
      return 409;
    case Code::usage:
    case Code::bad_definition:
    case Code::bad_input:
      return 400;
    case Code::permission:
      return 403;
    case Code::no_space:
      return 507;
    case Code::unavailable:
      return 503;
    default:
      return 500;
  }
}

net::Reply refuse_as_service(const base::Error& error) {
  const int status = http_status(error.code());
  const std::string text =
      error.hint().empty() ? error.message() : error.message() + "; " + error.hint();
  return reply({{"error",
                 {{"code", status < 500 ? "UserError" : "ServiceError"},
                  {"message", text},
                  {"details", nlohmann::json::array()}}}},
               status);
}

bool same(std::string_view given, std::string_view wanted) {
  unsigned different = given.size() != wanted.size();
  for (std::size_t n = 0; n < std::min(given.size(), wanted.size()); ++n)
    different |= static_cast<unsigned char>(given[n]) ^ static_cast<unsigned char>(wanted[n]);
  return different == 0;
}

nlohmann::json files_below(const fs::path& folder) {
  auto list = nlohmann::json::array();
  boost::system::error_code ignored;
  if (folder.empty() || !fs::is_directory(folder, ignored)) return list;
  std::vector<std::pair<std::string, std::uint64_t>> files;
  for (fs::recursive_directory_iterator entry(folder, ignored), end; entry != end;
       entry.increment(ignored))
    if (fs::is_regular_file(entry->path(), ignored))
      files.emplace_back(entry->path().lexically_relative(folder).generic_string(),
                         fs::file_size(entry->path(), ignored));
  std::sort(files.begin(), files.end());
  for (const auto& [path, size] : files) list.push_back({{"path", path}, {"size", size}});
  return list;
}

nlohmann::json logs_of(RunStore& store, const std::string& run) {
  auto list = nlohmann::json::array();
  for (auto& file : files_below(store.logs(run))) {
    const std::string path = file["path"];
    for (const char* folder : {"azureml-logs/", "logs/", "system_logs/", "user_logs/"})
      if (path.starts_with(folder)) list.push_back(std::move(file));
  }
  return list;
}

fs::path inside(const fs::path& folder, const std::string& name) {
  const fs::path path = (folder / name).lexically_normal();
  const fs::path relative = path.lexically_relative(folder);
  if (name.empty() || name.front() == '/' || relative.empty() || *relative.begin() == ".." ||
      name.find('\0') != std::string::npos)
    throw base::Error(base::Code::bad_input,
                      fmt::format("'{}' leaves the folder of the run's files", name))
        .hint("name it by a path below the run, such as outputs/model.pkl");
  return path;
}

void receive_file(net::Body& body, const fs::path& file) {
  boost::system::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) throw base::os_error("create", file.parent_path().native(), failed.value());
  struct Draft {
    fs::path path;
    ~Draft() {
      if (!path.empty()) ::unlink(path.c_str());
    }
  } draft{file.parent_path() / ("." + base::random_id(12))};
  {
    const base::Fd fd = base::open_file(draft.path, O_WRONLY | O_CREAT | O_EXCL);
    body.read([&](std::string_view bytes) {
      while (!bytes.empty())
        bytes.remove_prefix(static_cast<std::size_t>(base::sys("write", file.native(), [&] {
          return ::write(fd.get(), bytes.data(), bytes.size());
        })));
    });
  }
  base::sys("write", file.native(), [&] { return ::rename(draft.path.c_str(), file.c_str()); });
  draft.path.clear();
}

}  // namespace gateway
