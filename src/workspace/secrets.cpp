#include "workspace/secrets.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem/operations.hpp>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "base/file_lock.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/names.hpp"

namespace workspace {
namespace {

using nlohmann::json;
using Secrets = std::map<std::string, std::string>;

constexpr std::string_view prefix = "AMLOCAL_SECRET_";

Secrets read(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw base::os_error("read", file.native());
  }
  if (status.st_mode & 077)
    throw base::Error(base::Code::bad_input,
                      fmt::format("others than you may read the secrets in '{}'", file.native()))
        .hint(fmt::format("chmod 600 {}", file.native()));
  const json value = json::parse(base::read_file(file), nullptr, false);
  try {
    return value.at("secrets").get<Secrets>();
  } catch (const json::exception&) {
    throw base::Error(base::Code::corrupt, fmt::format("'{}' is damaged", file.native()))
        .hint("remove it, and set the secrets again with `amlocal secret set NAME`");
  }
}

// A file that nobody else could read at any moment, then its name.
void write(const fs::path& file, const fs::path& project, const Secrets& secrets) {
  const std::string text = json{{"project", project.native()}, {"secrets", secrets}}.dump(
                               1, ' ', false, json::error_handler_t::replace) +
                           "\n";
  const fs::path draft = file.native() + "." + base::random_id(8);
  {
    const base::Fd fd(base::sys("write", draft.native(), [&] {
      return ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }));
    std::string_view left = text;
    while (!left.empty())
      left.remove_prefix(static_cast<std::size_t>(base::sys(
          "write", draft.native(), [&] { return ::write(fd.get(), left.data(), left.size()); })));
  }
  base::sys("write", file.native(), [&] { return ::rename(draft.c_str(), file.c_str()); });
}

template <class Change>
void update(const Layout& layout, const base::Variables& environment, Change change) {
  const fs::path file = secrets_file(layout, environment);
  boost::system::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) throw base::os_error("create", file.parent_path().native(), failed.value());
  base::sys("protect", file.parent_path().native(),
            [&] { return ::chmod(file.parent_path().c_str(), 0700); });
  const auto held = base::FileLock::wait(file.native() + ".lock");
  Secrets secrets = read(file);
  change(secrets);
  write(file, layout.root, secrets);
}

}  // namespace

fs::path secrets_file(const Layout& layout, const base::Variables& environment) {
  fs::path config = base::variable(environment, "XDG_CONFIG_HOME");
  if (!config.is_absolute()) config = fs::path(base::variable(environment, "HOME")) / ".config";
  return config / "amlocal" / "secrets" / (base::hash_text(layout.root.native()) + ".json");
}

std::string secret_variable(const std::string& name) {
  std::string variable(prefix);
  for (const char c : name)
    variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::optional<std::string> secret(const Layout& layout, const base::Variables& environment,
                                  const std::string& name) {
  for (const std::string& wanted : {std::string(prefix) + name, secret_variable(name)})
    for (const auto& [variable, value] : environment)
      if (variable == wanted) return value;
  const Secrets secrets = read(secrets_file(layout, environment));
  const auto found = secrets.find(name);
  if (found == secrets.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> secret_names(const Layout& layout, const base::Variables& environment) {
  std::vector<std::string> names;
  for (const auto& [name, value] : read(secrets_file(layout, environment))) names.push_back(name);
  for (const auto& [variable, value] : environment) {
    if (!variable.starts_with(prefix)) continue;
    std::string name;
    for (const char c : variable.substr(prefix.size()))
      name += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void set_secret(const Layout& layout, const base::Variables& environment, const std::string& name,
                const std::string& value) {
  bool good = !name.empty() && name.size() <= 127;
  for (const char c : name)
    good = good && (std::isalnum(static_cast<unsigned char>(c)) || c == '-');
  if (!good)
    throw base::Error(base::Code::bad_input, fmt::format("'{}' cannot name a secret", name))
        .hint("a key vault takes letters, digits and '-', 127 at most");
  update(layout, environment, [&](Secrets& secrets) { secrets[name] = value; });
}

bool remove_secret(const Layout& layout, const base::Variables& environment,
                   const std::string& name) {
  bool there = false;
  update(layout, environment, [&](Secrets& secrets) { there = secrets.erase(name) > 0; });
  return there;
}

}  // namespace workspace
