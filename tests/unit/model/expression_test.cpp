#include <doctest/doctest.h>

#include "model/expression.hpp"

namespace {

std::string render(const std::string& text) {
  std::vector<model::ExpressionProblem> problems;
  return model::render(model::parse_template(text, {}, problems),
                       [](const model::Reference& r) -> std::optional<std::string> {
                         if (r.to_string() == "inputs.a") return "1";
                         if (r.to_string() == "inputs.b") return "two words";
                         return std::nullopt;
                       });
}

std::string problem(const std::string& text) {
  std::vector<model::ExpressionProblem> problems;
  model::parse_template(text, {}, problems);
  return problems.empty() ? "" : problems[0].what;
}

}  // namespace

TEST_CASE("references are replaced, optional blocks kept or dropped whole") {
  CHECK(render("x ${{inputs.a}} ${{ inputs.b }}") == "x 1 two words");
  CHECK(render("x$[[ --a ${{inputs.a}}]] y") == "x --a 1 y");
  CHECK(render("x$[[ --c ${{inputs.c}} --a ${{inputs.a}}]] y") == "x y");
  CHECK(render("[[ -f x ]] && echo $HOME ${X}") == "[[ -f x ]] && echo $HOME ${X}");
}

TEST_CASE("malformed expressions are named") {
  CHECK(problem("a ${{inputs.x") == "'${{' is never closed with '}}'");
  CHECK(problem("a $[[ x") == "'$[[' is never closed with ']]'");
  CHECK(problem("${{ }}") == "an empty expression '${{ }}'");
  CHECK(problem("${{inputs x}}") == "a name in '${{ inputs x }}' holds a blank");
  CHECK(problem("${{inputs..x}}") == "'${{ inputs..x }}' has an empty name between its dots");
}

TEST_CASE("a binding is a text that is one whole expression") {
  std::vector<model::ExpressionProblem> problems;
  CHECK(model::parse_template("${{parent.inputs.x}}", {}, problems).as_binding()->words.size() ==
        3);
  CHECK(model::parse_template("a${{parent.inputs.x}}", {}, problems).as_binding() == nullptr);
}
