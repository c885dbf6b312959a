#include "store/fetch.hpp"

#include <doctest/doctest.h>

#include "support/scratch.hpp"

TEST_CASE("a fetched file keeps the address's name") {
  CHECK(store::file_name_of("https://a.org/data/titanic.csv?sv=1&sig=a/b") == "titanic.csv");
  CHECK(store::file_name_of("https://a.org/a%20b%2e.csv#part") == "a b..csv");
  CHECK(store::file_name_of("https://a.org/100%") == "100%");
}

TEST_CASE("an address without a file's name is refused") {
  for (const char* url : {"https://a.org", "https://a.org/", "https://a.org/data/?x=y",
                          "https://a.org/%2e%2e", "https://a.org/a%2fb", "https://a.org/a%00"}) {
    CAPTURE(url);
    const auto error = support::error_of([&] { store::file_name_of(url); });
    CHECK(error.code() == base::Code::bad_input);
    CHECK(error.message().find("does not end in the name of a file") != std::string::npos);
  }
}

TEST_CASE("nothing was fetched before into an empty or damaged cache") {
  const support::Scratch scratch;
  CHECK_FALSE(store::fetched_before("https://a.org/a.csv", scratch.path("cache")));
}
