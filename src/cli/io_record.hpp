// The record of a step's mounts as the io verbs need it: with the lines that opened the files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/project.hpp"
#include "fuse/replay/replay.hpp"
#include "meter/report.hpp"

namespace cli {

// What requests are priced by unless told.
inline constexpr const char* usual_cost = "blob-standard";

struct IoRecord {
  std::string run;         // its name
  std::string step;        // its path
  fs::path folder;         // the step's
  fs::path snapshot;       // its frozen code; "" without
  std::string command;     // of the run, as typed
  bool estimated = false;  // it had no mounts: from what its Pythons opened
  meter::LedgerText ledger;
  std::vector<meter::OpenedAt> opened;
  // "refused: train.py:8 tried to write to inputs.raw:a …": the kernel refuses that itself, so no
  // mount records it; the audit hook saw the attempt.
  std::vector<std::string> refused;
  // "rslex: close uploads the whole object": rules of its mounts that nobody has verified.
  std::vector<std::string> assumed;
};

// Every step of "RUN[/STEP]" (@last for "") that has a record. Throws not_found where none has.
std::vector<IoRecord> read_io(const Project&, const std::string& run_and_step);
// The same where it must be one step; throws usage, naming those there are.
IoRecord read_one_io(const Project&, const std::string& run_and_step);

// What it did and what that costs under the profile, with the notes of its record.
meter::Report report_of(const IoRecord&, const meter::CostProfile&);

// "assumed in mount profile rslex: …": rules that nobody has verified.
std::vector<std::string> assumed_rules(const fuse::Profile&);
// What lies now in the inputs that were mounted.
std::map<std::string, fuse::Contents> contents_of(const meter::LedgerText&);

}  // namespace cli
