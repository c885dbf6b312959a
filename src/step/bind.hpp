// Inputs and outputs, made ready as their access modes say.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file_lock.hpp"
#include "fuse/server/order.hpp"
#include "step/folder.hpp"

namespace step {

// Links that go with the step.
class LinksOnCompute {
 public:
  LinksOnCompute() = default;
  LinksOnCompute(LinksOnCompute&&) = default;
  LinksOnCompute& operator=(LinksOnCompute&&) = default;
  ~LinksOnCompute();
  void add(fs::path link) { links_.push_back(std::move(link)); }

 private:
  std::vector<fs::path> links_;
};

// What binding gave: what each expression stands for, and what must be kept until the step has
// ended.
struct Bindings {
  std::map<std::string, std::string> inputs;         // ${{inputs.x}}
  std::map<std::string, std::string> outputs;        // ${{outputs.x}}
  std::vector<std::pair<fs::path, fs::path>> views;  // read-only views for the supervisor
  std::map<std::string, fs::path> places;  // where this machine has what outputs stand for
  std::vector<fuse::SessionOrder> mounts;  // for the mount process: transfers, too
  fs::path root;                           // the step's folder,
  fs::path seen_root;                      // and where the command sees it
  std::vector<std::string> notices;
  std::vector<base::FileLock> locks;           // on the places that outputs go to
  std::map<std::string, std::string> writers;  // such a place → the output that goes there
  std::uint64_t bytes_in = 0;
  LinksOnCompute links;  // made outside the step's folder
};

// The order for one binding's mount: `name` is "inputs.raw" or "outputs.model". Makes the folder it
// is mounted on, the data's own folder otherwise.
fuse::SessionOrder mount_order(const Request&, const Folder&, const std::string& name,
                               const fs::path& point, const fs::path& root,
                               const std::optional<model::V1Port>& v1);
// v1's DataReference and PipelineData are mounted as a whole container that can be written, also as
// an input. Source: M54, section 1.
bool is_container(const std::optional<model::V1Port>&);
const char* class_of(const model::V1Port& container);  // "PipelineData"
// After the mount process was killed: no object holds a part of what it was sending. Throws as
// LocalStore::recover does.
void mend_stores(const Bindings&);
// The order for a transfer of one binding, whose requests are charged: `local` is the folder that
// is filled by it or sent. With --trace full it is shown at `point`, so that what the step does
// there is recorded; else at neither.
fuse::SessionOrder transfer_order(const Request&, const Folder&, const std::string& name,
                                  fuse::SessionOrder::Kind, const fs::path& point,
                                  const std::optional<model::V1Port>& v1);
// Whether the output is a mount of this step's.
bool is_mounted(const Bindings&, const BoundOutput&);

// v1's path_on_compute: a link there that leads to `place`, and where the command sees it; without
// one, where it sees `place`. Throws exists where something else is there.
fs::path seen_on_compute(const Folder&, const std::string& what, const fs::path& place,
                         const std::optional<model::V1Port>&, Bindings&);

// Throws bad_input, not_found, permission or no_space, naming the input.
void bind_inputs(const Request&, const Folder&, Bindings&);
// Throws conflict when another run writes the same place.
void bind_outputs(const Request&, const Folder&, Bindings&);

struct Published {
  std::vector<events::OutputPublished> outputs;
  std::vector<OutputEnd> ends;
  std::vector<std::string> notices;
  std::uint64_t bytes_out = 0;
};
struct Publishing {
  bool succeeded = true;  // the command did: an output that it did not write is worth a notice
  bool uploads = true;    // what is in upload mode goes where it belongs
};
// Puts outputs where they belong, each as one unit.
Published publish(const Request&, const Bindings&, Publishing);

}  // namespace step
