// Where objects lie: the few calls that every store answers, whatever it is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/path.hpp"

namespace store {

struct Object {
  std::string name;  // "a/b.csv": relative to the store's root, '/'-separated, no '/' at either end
  bool is_folder = false;
  std::uint64_t size = 0;  // bytes; 0 for a folder
  base::Time modified;
  std::string tag;  // an opaque text that changes whenever the content does (Azure's ETag)
};

struct Page {
  std::vector<Object> objects;
  std::string next;  // gives the next page when handed to list(); "" after the last one
};

// A run of bytes.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// What an object is to hold.
struct Content {
  const base::Fd* file = nullptr;  // borrowed: a local file that holds all of it
  std::uint64_t size = 0;
  // Only these runs differ from the object whose tag is `base`: a store may move them and no more.
  // Nothing: all of it is new.
  std::optional<std::vector<Extent>> changed;
  std::string base;
  // The path of `file`, when nobody writes to it any more after a put that succeeds: a local store
  // may then take the file itself, by a link. "" otherwise.
  fs::path path{};
};

enum class IfExists { replace, refuse };

// Every call is safe from several threads at once. All throw base::Error: not_found, exists,
// permission, no_space, io, unavailable (out of reach), bad_input (a name the store cannot hold).
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // What lies directly in `folder` ("" is the root), sorted by name, at most `limit` a page. `from`
  // is "" or an earlier page's `next`. A folder that is not there has no objects: stores of blobs
  // know no folders.
  virtual Page list(const std::string& folder, const std::string& from, std::size_t limit) = 0;
  // Nothing when there is no such object. A folder is found when it, or anything in it, is there.
  virtual std::optional<Object> head(const std::string& name) = 0;
  // Reads into `into` from `offset` on; returns the bytes read, fewer only at the end.
  virtual std::size_t get(const std::string& name, std::uint64_t offset, std::span<char> into) = 0;
  // The object holds the content afterwards, or what it held before: nobody ever sees a part. Makes
  // the folders above it.
  virtual Object put(const std::string& name, const Content&, IfExists) = 0;
  virtual void remove(const std::string& name) = 0;
  virtual void make_folder(const std::string& name) = 0;
  // Removes an empty folder; throws conflict when something is in it.
  virtual void remove_folder(const std::string& name) = 0;
  // The file that an object is, to be read, where the store lies on this machine and the object is
  // still the one with that tag; else none.
  virtual base::Fd open_local(const std::string&, const std::string& /*tag*/) { return {}; }
  // Renames an object, or a folder with all that is in it.
  virtual void move(const std::string& from, const std::string& to, IfExists) = 0;
};

}  // namespace store
