#include "meter/fault.hpp"

#include "support/scratch.hpp"
#include "text/diagnostic.hpp"

using meter::Fault;
using meter::Faults;
using meter::Op;
using meter::parse_fault;
using support::error_of;

namespace {

// Which of `count` equal points are hit, from 1.
std::vector<int> hits(const std::string& fault, const meter::Point& point, int count) {
  Faults faults({parse_fault(fault)});
  std::vector<int> numbers;
  for (int n = 1; n <= count; ++n)
    if (faults.hit(point)) numbers.push_back(n);
  return numbers;
}

}  // namespace

TEST_CASE("what a fault says") {
  auto fault = parse_fault("train.outputs.model close nth=3 EIO");
  CHECK(fault.where == "train.outputs.model");
  CHECK(fault.ops == std::vector{Op::flush});
  CHECK(fault.nth == 3);
  CHECK(fault.how == Fault::How::errno_);
  CHECK(fault.number == EIO);

  fault = parse_fault("* read p=0.01 seed=7 EIO");
  CHECK(*fault.probability == 0.01);
  CHECK(fault.seed == 7);

  fault = parse_fault("store throttle for=30s");
  CHECK(fault.how == Fault::How::throttle);
  CHECK(*fault.lasting == 30'000'000'000);

  fault = parse_fault("train.inputs.raw disconnect after=10MB");
  CHECK(fault.how == Fault::How::disconnect);
  CHECK(*fault.after_bytes == 10'000'000);

  fault = parse_fault("store slow x10");
  CHECK(fault.how == Fault::How::slow);
  CHECK(fault.factor == 10);

  fault = parse_fault("store put first=2 503");
  CHECK(fault.how == Fault::How::http);
  CHECK(fault.number == 503);

  fault = parse_fault("  nested/train.outputs.logs:*.pt   write after=1min delay=2s");
  CHECK(fault.file == "*.pt");
  CHECK(fault.after == 60'000'000'000);
  CHECK(fault.how == Fault::How::delay);
  CHECK(fault.delay == 2'000'000'000);
}

TEST_CASE("a malformed fault is refused at the word that is wrong") {
  struct Case {
    const char* text;
    unsigned column;
    const char* what;
    const char* hint;
  };
  const Case cases[] = {
      {"", 1, "a fault needs at least a place and an operation",
       "WHERE WHAT [WHEN] [HOW], as in 'train.outputs.model close nth=3 EIO'"},
      {"store", 1, "a fault needs at least a place and an operation",
       "WHERE WHAT [WHEN] [HOW], as in 'train.outputs.model close nth=3 EIO'"},
      {"stor put 503", 1, "'stor' is no place for a fault", "did you mean 'store'?"},
      {"train.model read EIO", 1, "'train.model' is no place for a fault",
       "write STEP.inputs.NAME, STEP.outputs.NAME, store, or * for every mount"},
      {"*: read EIO", 1, "a file is missing after ':'", "for all files leave out the ':'"},
      {"* clsoe EIO", 3, "a mount knows no 'clsoe'", "did you mean 'close'?"},
      {"* throttle", 3, "a mount knows no 'throttle'",
       "one of: open, create, close, read, write, fsync, stat, list, mkdir, delete, rename, "
       "truncate, lock, any, disconnect"},
      {"store close 503", 7, "a store knows no 'close'",
       "one of: list, head, get, put, remove, make_folder, remove_folder, move, any, throttle, "
       "slow"},
      {"* read nht=3 EIO", 8, "unknown setting 'nht='", "did you mean 'nth'?"},
      {"* read nth=0 EIO", 8, "'0' is no whole number, at least 1", ""},
      {"* read nth=three EIO", 8, "'three' is no whole number, at least 1", ""},
      {"* read nth=1 nth=2 EIO", 14, "'nth=' stands twice", ""},
      {"* read nth=1 first=2 EIO", 8, "only one of nth=, first= and every= can hold", ""},
      {"* read p=2 EIO", 8, "'2' is no probability", "more than 0, at most 1"},
      {"* read seed=2 EIO", 8, "seed= needs p=", ""},
      {"* read after=10 EIO", 8, "'10' is neither a size nor a time",
       "as in after=10MB or after=30s"},
      {"* read for=30MB EIO", 8, "'30MB' is no time",
       "a number with its unit, as in 30s; units: us, ms, s, min, h"},
      {"* read nth=3", 8, "how it fails is not said", "an error (EIO, ENOSPC, …) or delay=2s"},
      {"* read EOI", 8, "'EOI' says neither when nor how", "did you mean 'EIO'?"},
      {"* read EIO ENOSPC", 12, "'ENOSPC' comes after how was said", ""},
      {"* read 503", 8, "a mount answers no '503'",
       "an error number's name, as EIO; HTTP statuses belong to 'store'"},
      {"* read x10", 8, "only a store can be slow", "delay=2s delays an operation of a mount"},
      {"store put EIO", 11, "a store answers no 'EIO'",
       "an HTTP status, as 503; error numbers belong to mounts"},
      {"store put 418", 11, "'418' is no status that a store answers with",
       "one of: 403, 404, 409, 412, 429, 500, 503"},
      {"store put x0.5", 11, "'x0.5' is no factor", "as in x10; from 1 to 1000000"},
      {"store slow", 7, "how slow is not said", "as in 'store slow x10'"},
      {"store throttle 503", 16, "'503' has nothing to do here",
       "what happens is already said; WHEN is nth=, first=, every=, p=, after= or for="},
      {"store put delay=2s 503", 11, "delay= is a how of its own", "leave out the other one"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto error = error_of([&] { parse_fault(c.text); });
    CHECK(error.code() == base::Code::bad_input);
    CHECK(error.message() == c.what);
    CHECK(error.hint() == c.hint);
    CHECK(error.place().column == c.column);
    CHECK(error.place().to_string() == "--fault:1:" + std::to_string(c.column));
  }
}

TEST_CASE("a fault in a file is refused at its line and column there") {
  const auto source = std::make_shared<base::SourceText>(
      base::SourceText{"amlocal.yml", "faults:\n  - store put nth=x 503\n"});
  const auto error = error_of([&] {
    parse_fault("store put nth=x 503", base::Place{source, 2, 5});
  });
  CHECK(text::render(error, false) ==
        "amlocal.yml:2:15: error: 'x' is no whole number, at least 1\n"
        "      - store put nth=x 503\n"
        "                  ^\n");
}

TEST_CASE("when a fault strikes") {
  const meter::Point put{"store", Op::put, "a", 4'000'000, 0};
  CHECK(hits("store put nth=3 503", put, 6) == std::vector{3});
  CHECK(hits("store put first=2 503", put, 6) == std::vector{1, 2});
  CHECK(hits("store put every=2 503", put, 6) == std::vector{2, 4, 6});
  CHECK(hits("store any 503", put, 3) == std::vector{1, 2, 3});
  CHECK(hits("store get 503", put, 3).empty());
  CHECK(hits("* any EIO", put, 3).empty());
  CHECK(hits("store:b* put 503", put, 3).empty());
  // The third put is the first past 10 MB.
  CHECK(hits("store put after=10MB 503", put, 5) == std::vector{3, 4, 5});
  CHECK(hits("store put after=10MB nth=2 503", put, 5) == std::vector{4});
}

TEST_CASE("windows of time") {
  Faults faults({parse_fault("store any after=10s for=5s 503")});
  const auto hit_at = [&](meter::Nanos second) {
    return faults.hit({"store", Op::get, "a", 0, second * 1'000'000'000}) != nullptr;
  };
  CHECK_FALSE(hit_at(9));
  CHECK(hit_at(10));
  CHECK(hit_at(14));
  CHECK_FALSE(hit_at(15));
}

TEST_CASE("a probability is thrown with a seed: as often as it says, the same in every run") {
  const meter::Point read{"train.inputs.raw", Op::read, "x", 0, 0};
  const auto seven = hits("* read p=0.01 seed=7 EIO", read, 100'000);
  CHECK(seven.size() > 900);
  CHECK(seven.size() < 1100);
  CHECK(seven == hits("* read p=0.01 seed=7 EIO", read, 100'000));
  CHECK(seven != hits("* read p=0.01 seed=8 EIO", read, 100'000));
  CHECK(hits("* read p=1 EIO", read, 3) == std::vector{1, 2, 3});
}

TEST_CASE("bindings are matched by their names") {
  const auto hit = [](const char* where, std::string_view binding) {
    Faults faults({parse_fault(std::string(where) + " read EIO")});
    return faults.hit({binding, Op::read, "x", 0, 0}) != nullptr;
  };
  CHECK(hit("train.inputs.raw", "train.inputs.raw"));
  CHECK_FALSE(hit("train.inputs.raw", "prep.inputs.raw"));
  CHECK(hit("*", "prep.inputs.raw"));
  CHECK(hit("*.inputs.*", "nested/prep.inputs.raw"));
  CHECK_FALSE(hit("*.outputs.*", "prep.inputs.raw"));
}

TEST_CASE("the first of several faults wins, and all count") {
  Faults faults({parse_fault("* read nth=2 EIO"), parse_fault("* read nth=2 EBUSY"),
                 parse_fault("* read nth=3 ENOENT")});
  const meter::Point read{"a.inputs.b", Op::read, "x", 0, 0};
  CHECK(faults.hit(read) == nullptr);
  CHECK(faults.hit(read)->number == EIO);
  CHECK(faults.hit(read)->number == ENOENT);
}

TEST_CASE("a fault that never fired says why") {
  Faults faults({parse_fault("store put nth=1 503"), parse_fault("store put nth=9 503"),
                 parse_fault("store get 503"), parse_fault("store put after=1GB 503")});
  faults.hit({"store", Op::put, "a", 1000, 0});
  faults.hit({"store", Op::put, "a", 1000, 0});
  CHECK(faults.never_fired() ==
        std::vector<meter::Unfired>{
            {"store put nth=9 503", "of 2 that could have been hit, none was the right one", true},
            {"store get 503", "nothing that it could have hit came", false},
            {"store put after=1GB 503", "2000 bytes went through, and its window never opened",
             true}});
}
