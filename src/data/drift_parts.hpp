// The parts of compare(): internal to the room.
#pragma once

#include "data/drift.hpp"

namespace data {

// Differences of one pair as they are found.
class Found {
 public:
  Found(std::string where, const Sides& sides) : where_(std::move(where)), sides_(sides) {}
  void breaks(Difference::What, std::string what, std::vector<std::string> names = {});
  void worth_knowing(Difference::What, std::string what, std::vector<std::string> names = {});
  const Sides& sides() const { return sides_; }
  const std::vector<Difference>& all() const { return all_; }

 private:
  std::string where_;
  const Sides& sides_;
  std::vector<Difference> all_;
};

void compare_tables(const Table& mock, const Table& real, Found&);
// `records`: the objects are rows, so that another key is another column.
void compare_json(const JsonShape& mock, const JsonShape& real, bool records, Found&);
void compare_models(const Shape& mock, const Shape& real, Found&);
// "rows: 100 → 12000", where one has ten times as many as the other; "at least" where it is so.
void compare_counts(std::string_view what, std::uint64_t mock, bool mock_exact, std::uint64_t real,
                    bool real_exact, Found&);

// What of the promise does not hold; `whose` is "your mock" or "prepare".
std::vector<Difference> broken_promises(const Shape&, const Promise&, const std::string& whose);

// "a, b, c and 4 more".
std::string shown_list(const std::vector<std::string>&);

}  // namespace data
