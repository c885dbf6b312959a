// The pages (`--help`) against the tables of verbs and options, in both directions.
#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>

#include "cli/verb.hpp"

namespace {

std::set<std::string> found(std::string_view text, const std::string& pattern) {
  const std::string copy(text);
  const std::regex regex(pattern);
  std::set<std::string> words;
  for (std::sregex_iterator it(copy.begin(), copy.end(), regex), end; it != end; ++it)
    words.insert((*it)[1]);
  return words;
}

// "amlocal runs list|show RUN" names "runs list" and "runs show".
std::set<std::string> verbs_named_in(std::string_view page) {
  std::set<std::string> first;
  std::set<std::string> named;
  for (const auto& verb : cli::all_verbs())
    first.insert(verb.words.substr(0, verb.words.find(' ')));
  const std::string text(page);
  const std::regex regex("(?:^|\\n) *amlocal ([a-z]+)(?: ([a-z|]+))?");
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    const std::string word = (*it)[1];
    named.insert(word);
    std::string seconds = (*it)[2];
    while (!seconds.empty()) {
      const auto bar = seconds.find('|');
      named.insert(word + " " + seconds.substr(0, bar));
      seconds = bar == std::string::npos ? "" : seconds.substr(bar + 1);
    }
  }
  return named;
}

}  // namespace

TEST_CASE("every option stands in its verb's page, and a page has no other") {
  std::map<std::string, std::set<std::string>> of_page;
  for (const auto& verb : cli::all_verbs()) {
    if (verb.hidden) continue;
    auto& known = of_page[verb.page];
    for (const auto& option : verb.options())
      known.insert(option.names.begin(), option.names.end());
  }
  for (const auto& entry : of_page) {
    const std::string& name = entry.first;
    const auto& known = entry.second;
    CAPTURE(name);
    REQUIRE_FALSE(cli::page(name).empty());
    // A table's row begins with its option; elsewhere an option may be quoted from another page.
    auto written = found(cli::page(name), "\\n +(--?[a-z][a-z-]*)");
    written.merge(found(cli::page(name), "\\n +-[a-z], (--[a-z-]+)"));
    for (const auto& option : known) {
      CAPTURE(option);
      CHECK(written.contains(option));
    }
    for (const auto& option : written) {
      CAPTURE(option);
      CHECK(known.contains(option));
    }
  }
}

TEST_CASE("every verb stands in the first page and in its own, and those name no other") {
  std::set<std::string> existing;
  const auto verbs = cli::all_verbs();
  for (const auto& verb : verbs) {
    if (verb.hidden) continue;
    CAPTURE(verb.words);
    existing.insert(verb.words);
    existing.insert(verb.words.substr(0, verb.words.find(' ')));
    CHECK(verbs_named_in(cli::page("help")).contains(verb.words));
    CHECK(verbs_named_in(cli::page(verb.page)).contains(verb.words));
  }
  for (const auto& words : verbs_named_in(cli::page("help"))) {
    CAPTURE(words);
    const bool known = existing.contains(words) || words.starts_with("completion ");
    CHECK(known);
  }
}
