// One step test: run in a folder of its own, and judged.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.hpp"
#include "events/event.hpp"
#include "harness/definition.hpp"
#include "harness/snapshot.hpp"
#include "harness/suite.hpp"

namespace harness {

// Something that is not as expected.
struct Finding {
  base::Place place;   // of the expectation
  std::string what;    // one line: "outputs.clean: 3 rows, expected 4"
  std::string detail;  // more lines, each with its end: a difference
};

// What a case's run left, to be judged.
struct Ran {
  model::Status status = model::Status::not_started;
  events::StepEnded ended;
  std::string run;                    // its name among the bench's records
  std::string step;                   // its path
  std::string step_id;                // its run id
  fs::path log;                       // what it printed; "" where it never started
  fs::path folder;                    // its folder among the records
  fs::path outputs;                   // OUTPUT lies at outputs/OUTPUT
  fs::path snapshot;                  // its frozen code
  std::string environment;            // the name of its environment
  std::vector<std::string> bindings;  // "inputs.clean", "outputs.model": of data
  workspace::Layout records;          // of the bench
  std::vector<Supply> supplies;       // what it was given
  std::vector<events::AssetRegistered> registered;
  std::vector<events::OutputPublished> published;
  std::vector<std::string> notices;
};

struct Verdict {
  enum class Kind { passed, failed, canceled };
  const Case* test = nullptr;
  Kind kind = Kind::failed;
  double seconds = 0;       // of the test, all in all
  double step_seconds = 0;  // of the step
  std::vector<Finding> findings;
  std::vector<std::string> log_tail;  // of a failed one
  std::vector<std::string> debug;     // the command that debugs it, word by word
  fs::path folder;                    // of a failed one: everything it left
  fs::path log;
};

// What all cases of a call share.
struct Judging {
  const engine::Surroundings& surroundings;
  Snapshots& snapshots;
  step::Mounting mounting;  // access is settled; a case may say otherwise
  std::vector<std::string> pass_env;
  fs::path here;             // paths in the command that debugs are shown from there
  Definitions& definitions;  // what jobs the definitions in Python make
};

// Never throws for what the user's files or step do: that is a finding. `stop` ends it: with
// `hung()` because its time was over, else because the user wants no more.
Verdict run_case(const Case&, const Judging&, const base::Cancel& stop,
                 const std::function<bool()>& hung);

}  // namespace harness
