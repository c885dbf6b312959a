#include "harness/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "history/documents.hpp"

namespace harness {
namespace {

using nlohmann::json;

constexpr const char* kind = "rung";

std::optional<Earned> read(const std::string& text, Rung rung) {
  try {
    const json value = json::parse(text);
    return Earned{rung, basis_from_json(value.at("basis").dump()), value.at("how"),
                  value.at("when")};
  } catch (const json::exception&) {
  } catch (const base::Error&) {
  }
  return std::nullopt;  // another version of amlocal wrote it: it proves nothing here
}

}  // namespace

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::isolated:
      return "isolated";
    case Rung::single_step:
      return "single-step";
    case Rung::pipeline:
      return "pipeline";
    case Rung::exported:
      return "exported";
  }
  return "";
}

std::optional<Rung> parse_rung(std::string_view text) {
  if (text == "export") return Rung::exported;
  for (const Rung rung : all_rungs)
    if (to_string(rung) == text) return rung;
  return std::nullopt;
}

Basis part_of(Basis basis, Rung rung) {
  if (rung != Rung::isolated) basis.tests.clear();
  if (rung != Rung::isolated && rung != Rung::single_step) basis.mocks.clear();
  if (rung == Rung::isolated || rung == Rung::single_step) basis.neighbours.clear();
  if (rung != Rung::exported) basis.definition.clear();
  return basis;
}

Ladder::Ladder(const workspace::Layout& layout, const model::Job& job)
    : layout_(layout),
      file_(
          (job.script.empty() ? job.file : job.script).lexically_proximate(layout.root).native()) {}

std::string Ladder::key(const std::string& step, Rung rung) const {
  return fmt::format("{}#{} {}", file_, step, to_string(rung));
}

std::vector<Earned> Ladder::earned(const std::string& step, Rung rung) const {
  std::vector<Earned> all;
  for (const auto& document : history::documents(layout_, kind, key(step, rung)))
    if (auto one = read(document.content, rung)) all.push_back(std::move(*one));
  return all;
}

std::vector<Standing> Ladder::standings(const std::string& step, const Basis& today) const {
  std::vector<Standing> standings;
  bool below = true;
  for (const Rung rung : all_rungs) {
    const auto all = earned(step, rung);
    Standing standing{rung, false, "", {}};
    if (!all.empty()) {
      const Basis now = part_of(today, rung);
      const auto like = std::find_if(all.rbegin(), all.rend(), [&](const Earned& each) {
        return differences(now, each.basis, layout_).empty();
      });
      standing.holds = below && like != all.rend();
      standing.how = like != all.rend() ? like->how : all.back().how;
      if (like == all.rend()) standing.lost = differences(now, all.back().basis, layout_);
    }
    below = standing.holds;
    standings.push_back(std::move(standing));
  }
  return standings;
}

void Ladder::earn(const std::string& step, const Earned& earned) {
  const json value = {{"basis", json::parse(to_json(part_of(earned.basis, earned.rung)))},
                      {"how", earned.how},
                      {"when", earned.when}};
  history::put_document(
      layout_, kind,
      {key(step, earned.rung), "", value.dump(-1, ' ', false, json::error_handler_t::replace)});
}

std::optional<Rung> highest(const std::vector<Standing>& standings) {
  std::optional<Rung> rung;
  for (const auto& standing : standings)
    if (standing.holds) rung = standing.rung;
  return rung;
}

}  // namespace harness
