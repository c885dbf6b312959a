// Runs recorded for a test, without running anything.
#pragma once

#include "history/history.hpp"
#include "support/scratch.hpp"

namespace support {

inline base::Time at(int seconds) {
  return base::from_iso("2026-01-02T03:04:05.000000Z") + std::chrono::seconds(seconds);
}

inline void start(history::Recorder& recorder, const std::string& run, int seconds) {
  recorder.on(
      {at(seconds),
       events::RunStarted{run, "exp", "shown", "/p.yml", {"amlocal", "run"}, {"prep", "train"}}});
  recorder.on(
      {at(seconds + 1), events::StepStarted{"prep", "id-" + run, "/log", "{}", "snap-" + run}});
}

inline void finish(history::Recorder& recorder, int seconds) {
  recorder.on({at(seconds), events::OutputPublished{"prep", "out", "uri_folder", "rw_mount",
                                                    "azureml://x", "/out"}});
  events::StepEnded ended;
  ended.step = "prep";
  ended.status = "Completed";
  ended.seconds = 1.5;
  ended.bytes_out = 100;
  recorder.on({at(seconds), ended});
  recorder.on({at(seconds), events::StepPassedOver{"train", "Skipped", "why", ""}});
  recorder.on(
      {at(seconds), events::RunEnded{"Completed", 9, {{"o", "uri_file", "u", "/o", "42"}}}});
}

inline void record(const workspace::Layout& layout, const std::string& run, int seconds) {
  history::Recorder recorder(layout, run);
  start(recorder, run, seconds);
  finish(recorder, seconds + 2);
}

}  // namespace support
