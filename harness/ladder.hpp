// The ladder from "alone" to the cloud: which rungs a step has earned, which of them still hold,
// and what was changed where one does not.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/basis.hpp"

namespace harness {

// Each one needs those before it.
enum class Rung { isolated, single_step, pipeline, exported };
constexpr Rung all_rungs[] = {Rung::isolated, Rung::single_step, Rung::pipeline, Rung::exported};
// "isolated", "single-step", "pipeline", "exported"; parse_rung takes "export" too.
std::string_view to_string(Rung);
std::optional<Rung> parse_rung(std::string_view);

// What was once earned.
struct Earned {
  Rung rung = Rung::isolated;
  Basis basis;
  std::string how;   // "3 tests", "run brave_fox", "azure-ai-ml 1.34.0"
  std::string when;  // ISO date and time
};

// How a step stands on one rung.
struct Standing {
  Rung rung = Rung::isolated;
  bool holds = false;
  std::string how;                // of the one that holds, or of the last one
  std::vector<std::string> lost;  // what has changed since it was earned; empty: it never was
};

// The steps of one definition, and what they have earned; kept in the workspace's documents.
class Ladder {
 public:
  Ladder(const workspace::Layout&, const model::Job&);

  // In the order of the rungs. One holds where it was once earned with a basis like `today`'s, as
  // far as it counts for that rung, and the one below holds: so changing something back gives it
  // back.
  std::vector<Standing> standings(const std::string& step, const Basis& today) const;
  // Throws permission, no_space or io.
  void earn(const std::string& step, const Earned&);

 private:
  std::string key(const std::string& step, Rung) const;
  std::vector<Earned> earned(const std::string& step, Rung) const;
  const workspace::Layout layout_;
  const std::string file_;  // of the definition, relative to the project
};

// The highest rung that holds; nothing: none.
std::optional<Rung> highest(const std::vector<Standing>&);

// The part of a basis that a rung is earned with: tests count for isolated, mocks for the first
// two, neighbours for pipeline and exported, the definition's files for exported.
Basis part_of(Basis, Rung);

}  // namespace harness
