// definition::load_job on any text: diagnostics with a place, or a job that can be planned.
#include <fstream>

#include "base/files.hpp"
#include "definition/definition.hpp"
#include "engine/plan.hpp"
#include "fuzz/fuzz.hpp"
#include "support/catalogue.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const base::TempDir folder(fs::path("/dev/shm"), "amlocal-fuzz-");
  const fs::path file = folder.path() / "pipeline.yml";
  std::ofstream(file.native(), std::ios::binary | std::ios::trunc) << fuzz::text_of(data, size);

  text::Diagnostics diagnostics;
  std::optional<model::Job> job;
  const bool refused = fuzz::refused(base::Code::bad_definition, [&] {
    job = definition::load_job(file, {}, support::BareCatalogue(), diagnostics);
  });
  diagnostics.sort();
  for (const auto& diagnostic : diagnostics.all()) {
    fuzz::require(diagnostic.place.known(), "what is wrong has a place");
    fuzz::require(!text::render(diagnostic, false).empty(), "it can be drawn");
  }
  if (refused) return 0;
  fuzz::require(job || !diagnostics.ok(), "no job without a reason");
  if (!job || !diagnostics.ok()) return 0;
  fuzz::refused(base::Code::bad_definition, [&] { engine::make_plan(*job); });
  return 0;
}
