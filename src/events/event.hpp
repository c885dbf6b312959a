// Everything a run tells: the recorder keeps it, the renderers draw it. Log bytes never come here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"

namespace events {

struct RunStarted {
  std::string run;
  std::string experiment;
  std::string display_name;
  std::string definition;            // the file, absolute
  std::vector<std::string> command;  // as typed, to be repeated
  std::vector<std::string> steps;    // paths of all steps, in order: "prep", "nested/train"
};

// Something the user should know up front or afterwards; never a failure.
struct Notice {
  std::string step;  // "" for the run as a whole
  std::string text;
};

struct StepStarted {
  std::string step;
  std::string id;           // the step's own run id (a UUID)
  std::string log;          // absolute path of its std_log.txt
  std::string fingerprint;  // JSON: what it is made of (engine/fingerprint.hpp)
  std::string snapshot;     // the hash of its frozen code, "" where it has none
};

// A finished output, complete on disk before this is recorded.
struct OutputPublished {
  std::string step;
  std::string output;
  std::string type;  // model::DataType's word
  std::string mode;  // model::AccessMode's word
  std::string uri;   // azureml://datastores/…/paths/…
  std::string path;  // where it lies on this machine, absolute
};

// Why a step failed. `json` has the cloud's shape of a run's error.
struct Failure {
  std::string kind;       // "exit_code", "signal", "timeout", "launch", "input", "output"
  std::string summary;    // one line: "exit code 1", "killed by SIGKILL", "timed out after 30 s"
  std::string exception;  // "KeyError: 'fare'", or "" when it was no Python exception
  std::string place;      // the user's own "train.py:88", or ""
  std::string hint;
  std::vector<std::string> log_tail;
  std::string json;
};

struct StepEnded {
  std::string step;
  std::string status;  // model::Status's word: Completed, Failed, Canceled
  int exit_code = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t peak_bytes = 0;  // the largest single process
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::optional<Failure> failure;
};

// A step that was not run: "Skipped" because one it needs failed, or "Reused" from `from_run`.
struct StepPassedOver {
  std::string step;
  std::string status;
  std::string reason;
  std::string from_run;
};

struct AssetRegistered {
  std::string name;
  std::string version;
  std::string type;
  std::string path;
  std::string step;
  std::string output;
};

// An output of the whole run. `value` is its content where it is one short line of text.
struct RunOutput {
  std::string name;
  std::string type;
  std::string uri;
  std::string path;
  std::string value;
};

struct RunEnded {
  std::string status;  // Completed, Failed, Canceled
  double seconds = 0;
  std::vector<RunOutput> outputs;
};

using Event = std::variant<RunStarted, Notice, StepStarted, OutputPublished, StepEnded,
                           StepPassedOver, AssetRegistered, RunEnded>;

struct Stamped {
  base::Time time;
  Event event;
};

// One JSON object on one line, without the newline: {"time": …, "event": "step_started", …}.
// Its schema is docs/schemas/events.json.
std::string to_json(const Stamped&);

// The reverse. Throws corrupt when the text is no event; an event of an unknown name gives nothing
// (it was written by a newer amlocal).
std::optional<Stamped> from_json(const std::string&);

}  // namespace events
