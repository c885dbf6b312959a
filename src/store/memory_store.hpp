// A store in memory, for tests and benchmarks: what it holds is gone with it.
#pragma once

#include <map>
#include <mutex>

#include "store/object_store.hpp"

namespace store {

class MemoryStore final : public ObjectStore {
 public:
  Page list(const std::string& folder, const std::string& from, std::size_t limit) override;
  std::optional<Object> head(const std::string& name) override;
  std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) override;
  Object put(const std::string& name, const Content&, IfExists) override;
  void remove(const std::string& name) override;
  void make_folder(const std::string& name) override;
  void remove_folder(const std::string& name) override;
  void move(const std::string& from, const std::string& to, IfExists) override;

  // Sets an object's bytes; for a test's beginning.
  void set(const std::string& name, std::string bytes);
  // An object's bytes. Throws not_found.
  std::string bytes(const std::string& name);

 private:
  struct Entry {
    bool is_folder = false;
    std::string bytes;
    std::uint64_t version = 0;
    base::Time modified;
  };
  Object describe(const std::string& name, const Entry&) const;

  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::uint64_t version_ = 0;
};

}  // namespace store
