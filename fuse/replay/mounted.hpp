// What one binding's recorded operations would ask of the store under a mount profile: the view's
// rules (fuse/view/upload_policy, fetch_policy, profile) over sizes instead of bytes.
//
// It follows fuse/view/object_*.cpp and cached_file.cpp; tests hold the two against each other.
#pragma once

#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fuse/replay/charges.hpp"
#include "fuse/replay/names.hpp"
#include "fuse/view/extents.hpp"
#include "fuse/view/profile.hpp"
#include "fuse/view/upload_policy.hpp"

namespace fuse {

class Mounted {
 public:
  // `charges` null: nothing is asked, and only what becomes of the files is followed.
  // `missing_seconds`: so long the kernel answers by itself for a name that is not there.
  Mounted(const Profile&, Names&, Charges* charges, double missing_seconds = 0);

  // To be called for every operation of the record before the first is taken: what lay in the
  // folders at the beginning shows only as the step goes on.
  void foresee(const meter::Entry&);
  void take(const meter::Entry&);
  // The unmount: what was not sent is sent now.
  void finish(Charges& after);

  struct File {
    PathId path = 0;
    std::uint64_t size = 0;
    std::uint64_t stored_size = 0;
    std::uint64_t changes = 0;
    std::uint64_t uploaded = 0;
    bool written = false;  // by the step, ever
    bool in_store = true;
    bool unsent = false;
    bool removed = false;
    bool streaming = false;
    int handles = 0;
    double closed = 0;
    std::uint64_t opened = 0;  // its place in the order of opening
    std::uint64_t taken = 0;   // of the cache
    Extents present;
  };
  const std::vector<File>& files() const { return files_; }
  std::uint64_t most_cached() const { return most_cached_; }
  // Where the record cannot tell how the step would have gone on: a line each.
  const std::vector<std::string>& doubts() const { return doubts_; }
  void doubt(std::string text) { doubts_.push_back(std::move(text)); }
  // Whether a name was looked for that was not there.
  bool has_missed() const { return has_missed_; }
  // Names that the store has, and since when the record knows of them: the kernel may ask again.
  std::vector<double> known_since() const;

 private:
  static constexpr std::uint32_t none = 0xffffffffU;
  struct Node {
    bool known = false;
    bool folder_there = false;
    double checked = -1;
    double listed = -1;
    double since = -1;
    double missed = -1;  // when the kernel was told that there is no such name
    std::uint64_t size = 0;
    std::uint32_t file = none;
    std::uint64_t here_only = 0;  // children that were not sent yet
    std::uint64_t children = 0;   // known ones
    std::uint64_t unseen = 0;     // children that the step has not come to yet
    bool foreseen = false;        // it was there at the beginning
    std::uint64_t foreseen_children = 0;
    bool met = false;       // while foreseeing: an operation on it was seen
    bool told = false;      // while foreseeing: a listing of it was seen
    std::int64_t made = 0;  // while foreseeing: children made less children removed
  };
  struct Handle {
    std::uint32_t file = none;
    WriteState state;
  };
  struct Listing {
    std::size_t request = 0;
    std::uint64_t entries = 0;
    bool counts = false;
  };

  Node& node(PathId);
  void ask(meter::Op, PathId, std::uint64_t amount);
  bool is_known(PathId);
  double checked(PathId);
  void learn(PathId, std::uint64_t size);
  void forget(PathId);
  void look_up(PathId, bool is_there);
  void foresee_misses(const meter::Entry&, PathId);
  void miss(const meter::Entry&, PathId);
  void refresh(PathId, bool is_there);
  static std::uint64_t entries_in_store(const Node& folder);
  void list(PathId folder);

  void create(const meter::Entry&, PathId);
  void open(const meter::Entry&, PathId);
  void read(const meter::Entry&);
  void write(const meter::Entry&);
  void flush(const meter::Entry&, Occasion);
  void release(const meter::Entry&, PathId);
  void set_attributes(const meter::Entry&, PathId);
  void remove(PathId);
  void remove_folder(PathId);
  void remove_below(PathId folder);
  void rename(const meter::Entry&);
  void read_folder(const meter::Entry&, PathId);

  File& copy_of(PathId, std::uint64_t size);
  void fetch_all(File&);
  bool fetch(File&, std::uint64_t begin, std::uint64_t end, bool beside);
  void ensure(File&, std::uint64_t begin, std::uint64_t end);
  bool take_space(File&, std::uint64_t bytes);
  void upload(File&);
  void truncate(Handle&, std::uint64_t size);
  void cut(File&, std::uint64_t size);
  void note_sent(File&);

  const Profile& profile_;
  const double missing_seconds_;
  bool has_missed_ = false;
  // By task, the last look-up that found nothing; and those of them that are made for an operation
  // that makes the name: there the kernel does not trust itself.
  std::unordered_map<std::uint64_t, std::pair<std::uint64_t, PathId>> last_missed_;
  std::unordered_set<std::uint64_t> before_making_;
  Names& names_;
  Charges* charges_;
  std::vector<Node> nodes_;
  std::vector<File> files_;
  std::unordered_map<std::uint64_t, Handle> handles_;
  std::unordered_map<std::uint64_t, Listing> listings_;
  std::vector<std::string> doubts_;
  std::uint64_t task_ = 0;
  double now_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t cached_ = 0;
  std::uint64_t most_cached_ = 0;
};

}  // namespace fuse
