// A store that counts what is asked of another.
#pragma once

#include <atomic>
#include <functional>

#include "store/object_store.hpp"

namespace support {

class CountingStore final : public store::ObjectStore {
 public:
  explicit CountingStore(store::ObjectStore& inner) : inner_(inner) {}

  std::atomic<std::uint64_t> lists = 0, heads = 0, gets = 0, puts = 0, put_bytes = 0, got_bytes = 0;
  std::function<void(const std::string&)> before_put;  // may throw

  store::Page list(const std::string& folder, const std::string& from, std::size_t limit) override {
    ++lists;
    return inner_.list(folder, from, limit);
  }
  std::optional<store::Object> head(const std::string& name) override {
    ++heads;
    return inner_.head(name);
  }
  std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) override {
    ++gets;
    const std::size_t n = inner_.get(name, offset, into);
    got_bytes += n;
    return n;
  }
  store::Object put(const std::string& name, const store::Content& content,
                    store::IfExists if_exists) override {
    if (before_put) before_put(name);
    ++puts;
    put_bytes += content.size;
    return inner_.put(name, content, if_exists);
  }
  void remove(const std::string& name) override { inner_.remove(name); }
  void make_folder(const std::string& name) override { inner_.make_folder(name); }
  void remove_folder(const std::string& name) override { inner_.remove_folder(name); }
  base::Fd open_local(const std::string& name, const std::string& tag) override {
    return inner_.open_local(name, tag);
  }
  void move(const std::string& from, const std::string& to, store::IfExists if_exists) override {
    inner_.move(from, to, if_exists);
  }

 private:
  store::ObjectStore& inner_;
};

}  // namespace support
