#include "store/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "net/download.hpp"

namespace store {
namespace {

[[noreturn]] void refuse(const std::string& uri, const std::string& why, std::string hint = "") {
  throw base::Error(base::Code::bad_input, fmt::format("'{}' is no data URI: {}", uri, why))
      .hint(std::move(hint));
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

void check_path(const std::string& uri, std::string_view path) {
  for (const auto part : parts_of(path))
    if (part == "..") refuse(uri, "its path must not hold '..'");
}

constexpr const char* datastore_form = "write azureml://datastores/NAME/paths/PATH";

// Source: the SDK's data names; a datastore's name has letters, digits and '_'. A '-' is taken too.
bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
}

Url parse_datastore(const std::string& uri, std::string_view rest) {
  // The long form names the workspace first. On one machine there is one, so it only has to be
  // whole.
  std::string_view tail = rest;
  if (!tail.starts_with("datastores/")) {
    const auto parts = parts_of(tail);
    const auto named = [&](std::size_t n, std::string_view word) {
      return n + 1 < parts.size() && parts[n] == word && !parts[n + 1].empty();
    };
    if (parts[0] != "subscriptions")
      refuse(uri, fmt::format("'datastores' or 'subscriptions' is missing after azureml://"),
             datastore_form);
    const std::size_t group = named(2, "resourcegroups") || named(2, "resourceGroups") ? 4 : 0;
    const std::size_t provider = group && named(group, "providers") ? group + 2 : group;
    if (!named(0, "subscriptions") || group == 0 || !(named(provider, "workspaces")))
      refuse(uri,
             "the long form is "
             "subscriptions/ID/resourcegroups/NAME/workspaces/NAME/datastores/NAME/paths/PATH",
             datastore_form);
    std::size_t skipped = 0;
    for (std::size_t n = 0; n < provider + 2; ++n) skipped += parts[n].size() + 1;
    tail.remove_prefix(std::min(skipped, tail.size()));
  }
  if (!tail.starts_with("datastores/")) refuse(uri, "'datastores' is missing", datastore_form);
  tail.remove_prefix(11);
  const auto end = tail.find('/');
  Url url;
  url.datastore = tail.substr(0, end);
  if (!is_name(url.datastore))
    refuse(uri, fmt::format("'{}' cannot be a datastore's name", url.datastore), datastore_form);
  tail.remove_prefix(std::min(url.datastore.size() + 1, tail.size()));
  if (tail != "paths" && !tail.starts_with("paths/"))
    refuse(uri, "'/paths/' is missing after the datastore's name", datastore_form);
  tail.remove_prefix(std::min<std::size_t>(6, tail.size()));
  while (tail.starts_with('/')) tail.remove_prefix(1);
  url.path = tail;
  return url;
}

Url parse_host(const std::string& uri, std::string_view rest, Url::Kind kind) {
  Url url;
  url.kind = kind;
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) url.path = rest.substr(slash + 1);
  if (kind != Url::Kind::https) {
    const auto at = authority.find('@');
    if (at == std::string_view::npos || at == 0)
      refuse(uri, "the container is missing: CONTAINER@ACCOUNT…");
    url.container = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (authority.empty()) refuse(uri, "the host is missing");
  url.host = authority;
  return url;
}

}  // namespace

Url parse_url(const std::string& uri) {
  std::string_view text = uri;
  constexpr std::string_view prefix = "azureml:";
  if (text.starts_with(prefix) && !text.starts_with("azureml://") &&
      text.find("://") != std::string_view::npos)
    text.remove_prefix(prefix.size());
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) refuse(uri, "it has no scheme", datastore_form);
  std::string scheme(text.substr(0, colon));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view rest = text.substr(colon + 3);
  Url url;
  if (scheme == "azureml")
    url = parse_datastore(uri, rest);
  else if (scheme == "https" || scheme == "http")
    url = parse_host(uri, rest, Url::Kind::https);
  else if (scheme == "wasbs" || scheme == "wasb")
    url = parse_host(uri, rest, Url::Kind::wasbs);
  else if (scheme == "abfss" || scheme == "abfs")
    url = parse_host(uri, rest, Url::Kind::abfss);
  else
    refuse(uri, fmt::format("'{}' is no scheme that Azure ML reads", scheme), datastore_form);
  check_path(uri, url.path);
  return url;
}

std::string shown(const std::string& url) {
  return net::shown(url);
}

fs::path local_path(const Url& url, const fs::path& folder) {
  fs::path path = folder;
  for (const auto part : parts_of(url.path)) {
    // Blob storage takes any text as a name; a file system has its limits (NAME_MAX).
    if (part.size() > 255)
      throw base::Error(base::Code::bad_input,
                        fmt::format("a name of {} bytes does not fit a local folder: '{}…'",
                                    part.size(), part.substr(0, 40)))
          .hint("a local file name has at most 255 bytes");
    if (part.find('\0') != std::string_view::npos)
      throw base::Error(base::Code::bad_input,
                        "a name with a zero byte in it does not fit a local folder");
    if (!part.empty() && part != ".") path /= std::string(part);
  }
  return path;
}

}  // namespace store
