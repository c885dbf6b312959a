// One step's run, in isolation from everything that decided it should run. The engine and the
// harness call the same function, so "alone" and "in the pipeline" cannot drift apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "base/error.hpp"
#include "base/path.hpp"
#include "base/process.hpp"
#include "events/sink.hpp"
#include "model/pipeline.hpp"

namespace step {

// An input as the step will be given it. The step never learns where it came from.
struct BoundInput {
  std::string name;
  model::DataType type = model::DataType::uri_folder;
  model::AccessMode mode = model::AccessMode::ro_mount;
  std::string literal;  // literals: the text that replaces ${{inputs.x}}
  fs::path source;      // data: absolute path of the file or folder on this machine
  std::string uri;      // data: what `direct` mode gives
  std::string origin;   // for messages only: "output 'model' of step 'train'", or ""
  std::optional<model::V1Port> v1 = {};
};

struct BoundOutput {
  std::string name;
  model::DataType type = model::DataType::uri_folder;
  model::AccessMode mode = model::AccessMode::rw_mount;
  fs::path destination;  // where it lies in the datastore's folder, absolute; not there yet
  std::string uri;
  std::optional<model::V1Port> v1 = {};
};

// What AZUREML_* variables tell the script. Source: v2-yaml reference, "Run environment".
struct Identity {
  std::string run;         // the pipeline's run
  std::string step_id;     // AZUREML_RUN_ID
  std::string experiment;  // AZUREML_ARM_PROJECT_NAME
  std::string experiment_id;
};

// The interpreter that stands for the step's environment (compute/interpreter.hpp makes it).
struct Runtime {
  fs::path python;             // absolute, no shim
  fs::path bin;                // first on PATH
  base::Variables activation;  // CONDA_PREFIX, VIRTUAL_ENV …
};

// How mounted inputs and outputs are reached.
struct Mounting {
  // automatic: mounts where the machine allows them (see settle); link: read-only views and links.
  enum class Access { automatic, mount, link } access = Access::automatic;
  std::string profile = "auto";     // as the cloud would choose, or one of fuse::find_profile
  std::string cost = "none";        // a cost profile's name or file
  std::string clock = "ledger";     // meter::parse_clock
  bool see_everything = false;      // --trace full: nothing is answered by the kernel's caches
  std::vector<std::string> faults;  // what is to go wrong: docs/faults.md, checked
  fs::path audit_hook;  // the folder of the audit hook, shared by all steps; "" for none
};

// The run's gateway, as a step is told of it.
struct Gateway {
  std::string endpoint;  // "" where the run has none
  std::string token;
  std::int64_t expires = 0;         // seconds since 1970
  std::string instrumentation_key;  // of Application Insights
  fs::path trusted;                 // certificates that a step trusts, "" for its usual ones
  fs::path hosts;                   // what /etc/hosts is to a step, "" for the machine's own
};

// Which `azureml` the step's Pythons import: amlocal's, or the one that is installed there.
struct Sdk {
  fs::path shim;  // the folder to put on PYTHONPATH, "" for none
};

// What becomes of a failed step's uploads and registrations. The documentation says that nothing is
// uploaded and nothing registered; users saw both (MachineLearningNotebooks#1670,
// azure-sdk-for-python#32578).
enum class OnFailure { documented, observed };

struct Request {
  std::string path;                             // "prep", "nested/train": for messages and events
  const model::Component* component = nullptr;  // command, distribution, limits, variables
  Identity identity;
  Runtime runtime;
  fs::path folder;                 // the step's own folder in the run's, absolute; made by run()
  fs::path locks;                  // where locks on the places of outputs lie, absolute
  fs::path snapshot;               // the frozen code, absolute; empty when the step has no code
  std::vector<BoundInput> inputs;  // optional inputs without a value are simply absent
  std::vector<BoundOutput> outputs;
  base::Variables environment;  // the clean environment of the user's machine (pass-through)
  Mounting mounting;
  Gateway gateway;
  Sdk sdk;
  fs::path log_watch;  // the folder of the watch over logging calls; "" for none
  OnFailure on_failure = OnFailure::documented;
  double grace_seconds = 5;  // between SIGTERM and SIGKILL
};

// What became of a fault in one step.
struct FaultEnd {
  std::string fault;  // as written
  enum class Kind { untouched, missed, struck } kind = Kind::untouched;
  std::string why;  // it did not strike
};

// An output of a step whose command failed.
struct OutputEnd {
  std::string output;
  bool in_place = false;    // it lies in its datastore
  std::uint64_t files = 0;  // that the command wrote, wherever they lie
};

struct Outcome {
  model::Status status = model::Status::failed;
  int exit_code = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t peak_bytes = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::optional<events::Failure> failure;
  std::vector<FaultEnd> faults;    // of a step with mounts, for each of Mounting::faults
  std::vector<OutputEnd> outputs;  // of a step whose command failed, those that it made
};

// Runs the step to its end: prepares its folder, binds inputs and outputs, starts the command under
// the supervisor, waits, publishes the outputs and reads the failure. Tells `sink` notices and each
// published output (also of a failed step in rw_mount mode: what was written is written; in upload
// mode as Request::on_failure says).
// Never throws for a failure of the step or its data: that is in the Outcome. Throws only when
// amlocal itself cannot go on (no space for its own records, a supervisor that is missing).
Outcome run(const Request&, const base::Clock&, events::Sink&, const base::Cancel&);

// Makes of an automatic access `mount`, or `link` where this machine cannot mount; then the reason
// is returned. Tried by mounting an empty folder below `scratch`, some 10 ms. Throws unavailable,
// with what to install, where mounts are asked for and cannot be had.
std::optional<base::Error> settle(Mounting&, const fs::path& scratch);

// Where the record of its mounts will lie (meter::read_ledger), and of what its Pythons opened.
fs::path io_path(const Request&);
fs::path audit_path(const Request&);
// Where the shim keeps what the gateway could not be told: gateway::take_in.
fs::path fallback_path(const Request&);
// Makes the folder of the `azureml` shim below `cache`, where it is not there yet, and returns it.
// Throws os_error.
fs::path write_shim(const fs::path& cache);
// What a step that was running when amlocal was killed has in its folder: a mount that is left is
// taken away, a half-made append to a local datastore is undone, and the working copy and the
// copies of inputs go. Its log, its artifacts and what its mounts had not sent (unsent/) stay.
// Throws os_error.
void clean_up_after_crash(const fs::path& folder);
// The files in a step's folder that its mounts could not send, relative to `folder / "unsent"`.
std::vector<std::string> unsent_files(const fs::path& folder);

// Where the step's log will lie: folder/user_logs/std_log.txt.
fs::path log_path(const Request&);

}  // namespace step
