#include "store/url.hpp"

#include "support/scratch.hpp"

using store::parse_url;
using support::error_of;

TEST_CASE("the forms of a data URI") {
  auto url = parse_url("azureml://datastores/my_store/paths/a/b.csv");
  CHECK(url.datastore == "my_store");
  CHECK(url.path == "a/b.csv");
  url = parse_url(
      "azureml://subscriptions/1/resourcegroups/g/providers/Microsoft.MachineLearningServices/"
      "workspaces/w/datastores/"
      "s/paths/a/");
  CHECK(url.datastore == "s");
  CHECK(url.path == "a/");
  CHECK(parse_url("azureml://subscriptions/1/resourcegroups/g/workspaces/w/datastores/s/paths/")
            .path == "");
  CHECK(parse_url("azureml:azureml://datastores/s/paths/x").path == "x");
  url = parse_url("https://h.blob.core.windows.net/c/p");
  CHECK(url.kind == store::Url::Kind::https);
  CHECK(url.host == "h.blob.core.windows.net");
  url = parse_url("wasbs://c@h.blob.core.windows.net/p/q");
  CHECK(url.container == "c");
  CHECK(url.path == "p/q");
  CHECK(parse_url("abfss://fs@h.dfs.core.windows.net/p").kind == store::Url::Kind::abfss);
}

TEST_CASE("what is wrong with a malformed one") {
  const auto why = [](const std::string& uri) {
    return error_of([&] { parse_url(uri); }).message();
  };
  CHECK(why("data/x") == "'data/x' is no data URI: it has no scheme");
  CHECK(why("ftp://x/y") == "'ftp://x/y' is no data URI: 'ftp' is no scheme that Azure ML reads");
  CHECK(
      why("azureml://x") ==
      "'azureml://x' is no data URI: 'datastores' or 'subscriptions' is missing after azureml://");
  CHECK(
      why("azureml://datastores/s/x") ==
      "'azureml://datastores/s/x' is no data URI: '/paths/' is missing after the datastore's name");
  CHECK(why("azureml://datastores//paths/x") ==
        "'azureml://datastores//paths/x' is no data URI: '' cannot be a datastore's name");
  CHECK(why("azureml://datastores/s/paths/a/../b") ==
        "'azureml://datastores/s/paths/a/../b' is no data URI: its path must not hold '..'");
  CHECK(why("wasbs://h/p") ==
        "'wasbs://h/p' is no data URI: the container is missing: CONTAINER@ACCOUNT…");
  CHECK(why("https:///p") == "'https:///p' is no data URI: the host is missing");
}

TEST_CASE("a datastore's path on this machine") {
  CHECK(store::local_path(parse_url("azureml://datastores/s/paths//a//b/./c/"), "/d") ==
        fs::path("/d/a/b/c"));
  CHECK(store::local_path(parse_url("azureml://datastores/s/paths/"), "/d") == fs::path("/d"));
  const std::string name(256, 'x');
  CHECK(error_of([&] {
          store::local_path(parse_url("azureml://datastores/s/paths/" + name), "/d");
        }).code() == base::Code::bad_input);
}
