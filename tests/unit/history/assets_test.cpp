#include "support/recorded.hpp"

using support::error_of;

namespace {

void register_one(const workspace::Layout& layout, const std::string& run,
                  const std::string& version) {
  history::Recorder recorder(layout, run);
  support::start(recorder, run, 0);
  recorder.on({support::at(1),
               events::AssetRegistered{"model", version, "uri_file", "/" + run, "prep", "out"}});
}

}  // namespace

TEST_CASE("versions count up, and the latest is the one created last") {
  const support::Scratch scratch;
  workspace::Settings settings;
  settings.data = {{"model", "9", model::DataType::uri_folder, "/own"},
                   {"other", "1", model::DataType::uri_file, "/o"}};
  settings.components = {{"azureml:train:1", "/c.yml"}};
  CHECK(history::next_version(scratch.layout, {}, "model") == "1");
  CHECK(history::next_version(scratch.layout, settings, "model") == "10");
  register_one(scratch.layout, "a", "");
  register_one(scratch.layout, "b", "7");
  register_one(scratch.layout, "c", "word");
  register_one(scratch.layout, "d", "");
  const auto assets = history::registered_assets(scratch.layout);
  REQUIRE(assets.size() == 4);
  CHECK(assets[0].version == "1");
  CHECK(assets[3].version == "8");

  const history::Catalogue catalogue(scratch.layout, settings);
  CHECK(catalogue.data_asset("model", "")->path == "/d");
  CHECK(catalogue.data_asset("model", "latest")->path == "/d");
  CHECK(catalogue.data_asset("model", "9")->path == "/own");
  CHECK_FALSE(catalogue.data_asset("model", "99"));
  CHECK(catalogue.data_asset_names() == std::vector<std::string>{"model", "other"});
  CHECK(catalogue.component("train:1") == fs::path("/c.yml"));
  CHECK(catalogue.datastore_names() == std::vector<std::string>{"workspaceblobstore"});
}

TEST_CASE("a damaged journal of assets is refused, and mended from its good lines and the runs") {
  const support::Scratch scratch;
  for (const char* run : {"a", "b", "c"}) register_one(scratch.layout, run, "");
  const fs::path file = scratch.path(".amlocal/assets.journal");
  std::string text = base::read_file(file);
  text[text.find('\n') + 30] ^= 1;
  base::write_file_atomically(file, text);
  const auto error = error_of([&] { history::registered_assets(scratch.layout); });
  CHECK(error.code() == base::Code::corrupt);
  CHECK(error.message() == "'" + file.native() + "' is damaged at line 2");
  CHECK(error.hint() ==
        "run `amlocal doctor --rebuild`: it keeps the good lines and asks the runs for the rest");
  history::rebuild_index(scratch.layout);
  CHECK(history::registered_assets(scratch.layout).size() == 3);
}

TEST_CASE("a version is registered once; a later run is told what it stands for") {
  const support::Scratch scratch;
  register_one(scratch.layout, "first", "1");
  register_one(scratch.layout, "second", "1");
  const auto assets = history::registered_assets(scratch.layout);
  REQUIRE(assets.size() == 1);
  CHECK(assets[0].path == "/first");
  const auto notices = history::read_run(scratch.layout, "second").notices;
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("azureml:model:1 stands for /first") != std::string::npos);
  CHECK(notices[0].find("amlocal data delete model --version 1") != std::string::npos);

  CHECK(history::forget_assets(scratch.layout, "model", "2").empty());
  CHECK(history::forget_assets(scratch.layout, "model", "1") == std::vector<std::string>{"1"});
  CHECK(history::registered_assets(scratch.layout).empty());
  register_one(scratch.layout, "third", "1");
  CHECK(history::registered_assets(scratch.layout).at(0).path == "/third");
}
