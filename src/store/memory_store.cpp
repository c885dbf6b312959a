#include "store/memory_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"

namespace store {
namespace {

std::string below(const std::string& folder) {
  return folder.empty() ? "" : folder + "/";
}

base::Error missing(const std::string& name) {
  return base::Error(base::Code::not_found, fmt::format("there is no '{}'", name));
}

}  // namespace

Object MemoryStore::describe(const std::string& name, const Entry& entry) const {
  return {name, entry.is_folder, entry.bytes.size(), entry.modified,
          entry.is_folder ? "" : std::to_string(entry.version)};
}

Page MemoryStore::list(const std::string& folder, const std::string& from, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const std::string prefix = below(folder);
  // By name: the keys have another order, in which "a.txt" comes before what is in the folder "a".
  std::map<std::string, Object> children;
  auto entry = entries_.lower_bound(prefix);
  while (entry != entries_.end() && entry->first.starts_with(prefix)) {
    const std::string rest = entry->first.substr(prefix.size());
    const std::string name = rest.substr(0, rest.find('/'));
    const bool direct = name.size() == rest.size();
    if (name > from && !name.empty())
      children.try_emplace(name, direct
                                     ? describe(entry->first, entry->second)
                                     : Object{prefix + name, true, 0, entry->second.modified, ""});
    // Past everything of that folder at once: '0' follows '/'.
    entry = direct ? std::next(entry) : entries_.lower_bound(prefix + name + "0");
  }
  Page page;
  for (auto& [name, object] : children) {
    if (page.objects.size() == limit) {
      page.next = page.objects.back().name.substr(prefix.size());
      break;
    }
    page.objects.push_back(std::move(object));
  }
  return page;
}

std::optional<Object> MemoryStore::head(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (name.empty()) return Object{"", true, 0, {}, ""};
  if (const auto entry = entries_.find(name); entry != entries_.end())
    return describe(name, entry->second);
  const auto first = entries_.lower_bound(name + "/");
  if (first == entries_.end() || !first->first.starts_with(name + "/")) return std::nullopt;
  return Object{name, true, 0, first->second.modified, ""};
}

std::size_t MemoryStore::get(const std::string& name, std::uint64_t offset, std::span<char> into) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) throw missing(name);
  const std::string& bytes = entry->second.bytes;
  if (offset >= bytes.size()) return 0;
  const std::size_t n = std::min<std::size_t>(into.size(), bytes.size() - offset);
  std::copy_n(bytes.data() + offset, n, into.data());
  return n;
}

Object MemoryStore::put(const std::string& name, const Content& content, IfExists if_exists) {
  std::string bytes(content.size, '\0');
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = base::sys("read", name, [&] {
      return ::pread(content.file->get(), bytes.data() + done, bytes.size() - done,
                     static_cast<off_t>(done));
    });
    if (n == 0)
      throw base::Error(base::Code::io, fmt::format("'{}' became shorter while it was read", name));
    done += static_cast<std::size_t>(n);
  }
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry != entries_.end() && (if_exists == IfExists::refuse || entry->second.is_folder))
    throw base::Error(base::Code::exists, fmt::format("'{}' is already there", name));
  Entry& now = entries_[name];
  now = {false, std::move(bytes), ++version_, base::SystemClock().now()};
  return describe(name, now);
}

void MemoryStore::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || entry->second.is_folder) throw missing(name);
  entries_.erase(entry);
}

void MemoryStore::make_folder(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (!entries_.emplace(name, Entry{true, "", 0, base::SystemClock().now()}).second)
    throw base::Error(base::Code::exists, fmt::format("'{}' is already there", name));
}

void MemoryStore::remove_folder(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto first = entries_.lower_bound(name + "/");
  if (first != entries_.end() && first->first.starts_with(name + "/"))
    throw base::Error(base::Code::conflict, fmt::format("the folder '{}' is not empty", name));
  if (entries_.erase(name) == 0) throw missing(name);
}

void MemoryStore::move(const std::string& from, const std::string& to, IfExists if_exists) {
  const std::lock_guard lock(mutex_);
  const bool taken = entries_.contains(to);
  if (taken && if_exists == IfExists::refuse)
    throw base::Error(base::Code::exists, fmt::format("'{}' is already there", to));
  std::vector<std::string> names;
  if (entries_.contains(from)) names.push_back(from);
  for (auto entry = entries_.lower_bound(from + "/");
       entry != entries_.end() && entry->first.starts_with(from + "/"); ++entry)
    names.push_back(entry->first);
  if (names.empty()) throw missing(from);
  for (const auto& name : names) {
    auto node = entries_.extract(name);
    node.key() = to + name.substr(from.size());
    entries_.erase(node.key());
    entries_.insert(std::move(node));
  }
}

void MemoryStore::set(const std::string& name, std::string bytes) {
  const std::lock_guard lock(mutex_);
  entries_[name] = {false, std::move(bytes), ++version_, base::SystemClock().now()};
}

std::string MemoryStore::bytes(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) throw missing(name);
  return entry->second.bytes;
}

}  // namespace store
