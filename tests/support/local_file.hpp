// A local file that is an object's content.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "store/object_store.hpp"
#include "support/scratch.hpp"

namespace support {

class LocalFile {
 public:
  LocalFile(const Scratch& scratch, const std::string& name)
      : fd_(base::open_file(scratch.path(name), O_RDWR | O_CREAT)) {}
  LocalFile& set(const std::string& bytes) {
    resize(0);
    return add(bytes);
  }
  LocalFile& add(const std::string& bytes) {
    REQUIRE(::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_)) ==
            static_cast<ssize_t>(bytes.size()));
    size_ += bytes.size();
    return *this;
  }
  // Sparse: costs no disk.
  LocalFile& resize(std::uint64_t size) {
    REQUIRE(::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0);
    size_ = size;
    return *this;
  }
  store::Content all() const { return {&fd_, size_, std::nullopt, ""}; }
  // Only what lies past `old_size` is new against the object with this tag.
  store::Content appended(std::uint64_t old_size, const std::string& tag) const {
    return {&fd_, size_, std::vector<store::Extent>{{old_size, size_ - old_size}}, tag};
  }
  const base::Fd& fd() const { return fd_; }
  std::uint64_t size() const { return size_; }

 private:
  base::Fd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace support
