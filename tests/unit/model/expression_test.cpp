#include <doctest/doctest.h>

#include "model/expression.hpp"
#include "model/types.hpp"

namespace {

model::Template parse(std::string text, std::vector<model::ExpressionProblem>& problems) {
  return model::parse_template(std::move(text), {}, problems);
}

}  // namespace

TEST_CASE("a whole expression is a binding, a part of a text is not") {
  std::vector<model::ExpressionProblem> problems;
  const auto whole = parse("${{ parent.jobs.prep.outputs.data }}", problems);
  REQUIRE(whole.as_binding());
  CHECK(whole.as_binding()->to_string() == "parent.jobs.prep.outputs.data");
  CHECK(whole.as_binding()->starts_with({"parent", "jobs"}));
  CHECK_FALSE(parse("x ${{inputs.a}}", problems).as_binding());
  CHECK(problems.empty());
}

TEST_CASE("an optional block goes whole when its input has no value") {
  std::vector<model::ExpressionProblem> problems;
  const auto command = parse("run --a ${{inputs.a}} $[[--b ${{inputs.b}}]] end", problems);
  const auto only_a = [](const model::Reference& reference) -> std::optional<std::string> {
    if (reference.words[1] == "a") return "1";
    return std::nullopt;
  };
  CHECK(model::render(command, only_a) == "run --a 1  end");
  CHECK(model::render(command, [](const auto&) { return "2"; }) == "run --a 2 --b 2 end");
}

TEST_CASE("an expression that never closes is a problem where it opens") {
  std::vector<model::ExpressionProblem> problems;
  parse("run ${{inputs.a", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].offset == 4);
}

TEST_CASE("words of closed sets are read in any case") {
  CHECK(model::parse_access_mode("RO_Mount") == model::AccessMode::ro_mount);
  CHECK(model::parse_data_type("uri_file") == model::DataType::uri_file);
  CHECK_FALSE(model::parse_access_mode("copy"));
}
