// What amlocal asks of the mount process, and what it is told back: one JSON object a line on the
// control socket. docs/mount-protocol.md, version 1.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/path.hpp"
#include "fuse/view/file_system.hpp"
#include "meter/fault.hpp"

namespace fuse {

// One binding's mount; or its transfer, before the step or after it.
struct SessionOrder {
  std::string name;  // "inputs.raw", "outputs.model": for records and messages
  enum class Kind { mount, download, upload } kind = Kind::mount;
  fs::path point;    // an empty folder, absolute; "" for a transfer that is not looked at
  fs::path local;    // of a transfer: the folder on this machine, shown at `point` as it is
  fs::path root;     // the folder of the local store that is shown, absolute
  std::string only;  // one file of it, when just that is to be seen; "" for all
  std::string profile = "rslex";
  std::vector<std::pair<std::string, std::string>> variables;  // DATASET_MOUNT_… of the step
  bool read_only = false;
  fs::path cache;    // for local copies; made, and removed at the end
  fs::path unsent;   // for what could not be sent; made when needed
  fs::path intents;  // store::LocalStore's notes
};

struct Order {
  std::vector<SessionOrder> sessions;
  fs::path ledger;                  // a folder to be made; "" records nothing
  fs::path log;                     // refusals, appended; "" for none
  std::string cost = "none";        // a cost profile's name, or the path of the user's own
  std::string clock = "ledger";     // meter::parse_clock
  std::string step;                 // "train", for the faults' "train.outputs.model"
  std::vector<std::string> faults;  // docs/faults.md
  bool see_everything = false;
  // Mounts are to be seen only by who joins the process's namespaces. Where the machine allows
  // none, fusermount3 mounts for all, and unmounts when the process has gone.
  bool own_namespace = false;
  bool for_others = false;  // other users may use the mounts
  // A folder, for a mount that outlives who asked for it (`amlocal mount`): it serves until SIGTERM
  // or an unmount from outside, holds the lock `lock` there all the while, and leaves
  // `finished.json`.
  fs::path state;
};

// "mount", "download" or "upload".
std::string mode_of(SessionOrder::Kind);

std::string to_json(const Order&);
// Throws bad_input.
Order order_from_json(const std::string&);

// What a session changed in its store.
struct Changed {
  std::string session;
  std::string path;  // the first object, or folder
  std::uint64_t requests = 0;
};

// What finishing gave.
struct Finished {
  // For each session the files that did not reach the store.
  std::vector<std::pair<std::string, FileSystem::Unsent>> unsent;
  // Sessions that may write whose folder was removed or replaced: what they had sent is lost.
  std::vector<std::string> gone;
  std::vector<Changed> changed;  // of mounts by a profile of blobs
  std::vector<meter::Unfired> never_fired;
  std::vector<meter::Fired> fired;
  // What the mounts themselves refused, as their log tells it; faults are not among it.
  std::uint64_t refusals = 0;
  std::string last_refusal;  // "inputs.raw: writing to 'a' was refused: …"
};
std::string to_json(const Finished&);
// Throws bad_input.
Finished finished_from_json(const std::string&);

}  // namespace fuse
