// A store that knows its objects' names and sizes and moves none of their bytes: for what a
// transfer costs, where the bytes go another way.
#pragma once

#include <memory>

#include "store/object_store.hpp"

namespace store {

class HollowStore final : public ObjectStore {
 public:
  // `objects` tells what is there.
  explicit HollowStore(std::shared_ptr<ObjectStore> objects) : objects_(std::move(objects)) {}

  Page list(const std::string& folder, const std::string& from, std::size_t limit) override {
    return objects_->list(folder, from, limit);
  }
  std::optional<Object> head(const std::string& name) override { return objects_->head(name); }
  // `into` stays as it is.
  std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) override;
  // The object is as it was.
  Object put(const std::string& name, const Content&, IfExists) override;
  void remove(const std::string&) override {}
  void make_folder(const std::string&) override {}
  void remove_folder(const std::string&) override {}
  void move(const std::string&, const std::string&, IfExists) override {}

 private:
  std::shared_ptr<ObjectStore> objects_;
};

}  // namespace store
