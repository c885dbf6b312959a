#include "harness/launch_json.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/error.hpp"

namespace {

const std::string entry = R"({"name": "amlocal: train", "port": 1})";

std::string merged(const std::string& text) {
  return harness::merge_configuration(text, "amlocal: train", entry, "launch.json");
}

std::string refusal(const std::string& text) {
  try {
    merged(text);
  } catch (const base::Error& error) {
    return error.message();
  }
  return "";
}

}  // namespace

TEST_CASE("an entry in a launch.json that is not there") {
  CHECK(merged("") == R"({
    "version": "0.2.0",
    "configurations": [
        {
            "name": "amlocal: train",
            "port": 1
        }
    ]
}
)");
}

TEST_CASE("everything else in launch.json stays as it is") {
  const std::string text = R"({
  // Mine.
  "version": "0.2.0", /* [ { */
  "configurations": [
    {"name": "a // b", "url": "http://x"}, // the first
    // the last
  ],
  "compounds": [],
}
)";
  const std::string once = merged(text);
  CHECK(once == R"({
  // Mine.
  "version": "0.2.0", /* [ { */
  "configurations": [
    {"name": "a // b", "url": "http://x"}, // the first
    // the last
    {
        "name": "amlocal: train",
        "port": 1
    }
  ],
  "compounds": [],
}
)");
  CHECK(merged(once) == once);
}

TEST_CASE("the entry of that name is replaced, wherever it stands") {
  CHECK(merged(R"({"configurations": [
    {"port": 2, "name": "amlocal: train"}, {"name": "other"}]})") == R"({"configurations": [
    {
        "name": "amlocal: train",
        "port": 1
    }, {"name": "other"}]})");
}

TEST_CASE("a comma is put where there is none") {
  CHECK(merged("{\"configurations\": [\n  {\"name\": \"x\"} // x\n]}") ==
        "{\"configurations\": [\n  {\"name\": \"x\"}, // x\n  {\n      \"name\": \"amlocal: "
        "train\",\n"
        "      \"port\": 1\n  }\n]}");
  const std::string in_a_line = merged(R"({"configurations": [{"name": "x"}]})");
  CHECK(in_a_line.starts_with(R"({"configurations": [{"name": "x"},)"));
  CHECK(merged(in_a_line) == in_a_line);
}

TEST_CASE("a launch.json without configurations") {
  CHECK(merged("{}") ==
        "{\n    \"configurations\": [\n        {\n            \"name\": \"amlocal: train\",\n"
        "            \"port\": 1\n        }\n    ]\n}");
  CHECK(merged("{\n  \"version\": \"1\"\n}").find("],\n  \"version\": \"1\"\n}") !=
        std::string::npos);
  CHECK(merged("{\"configurations\": []}").starts_with("{\"configurations\": [\n"));
}

TEST_CASE("a launch.json that is broken is named with its line") {
  CHECK(refusal("{\n  \"version\" 1\n}") ==
        "launch.json:2: it is no JSON with comments: ':' is missing");
  CHECK(refusal("{\n") == "launch.json:2: it is no JSON with comments: '\"' is missing");
  CHECK(refusal("{\"a\": \"\n\"}").starts_with("launch.json:1:"));
  CHECK(refusal("{\"a\": [1 2]}") != "");
  CHECK(refusal("{/* }") == "launch.json:1: it is no JSON with comments: '*/' is missing");
  CHECK(refusal("{} x") != "");
}
