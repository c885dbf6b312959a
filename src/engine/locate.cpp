#include "engine/locate.hpp"

#include <fmt/format.h>

#include <boost/filesystem/operations.hpp>

#include "base/error.hpp"
#include "store/url.hpp"
#include "text/diagnostic.hpp"

namespace engine {
namespace {

fs::path datastore_folder(const std::string& name, const model::Catalogue& catalogue) {
  if (auto folder = catalogue.datastore(name)) return *folder;
  throw base::Error(base::Code::not_found, fmt::format("there is no datastore '{}'", name))
      .hint(fmt::format("`amlocal datastore create {} --dir PATH` gives it a folder; {}", name,
                        text::did_you_mean(name, catalogue.datastore_names())));
}

Located locate_url(const std::string& uri, const model::Catalogue& catalogue) {
  const store::Url url = store::parse_url(uri);
  if (url.kind == store::Url::Kind::https) return {"", uri};
  if (url.kind != store::Url::Kind::datastore)
    throw base::Error(base::Code::unavailable,
                      fmt::format("'{}' cannot be read from here yet", uri))
        .hint(
            "download it once and register the copy: `amlocal data create --name NAME --version 1 "
            "--path PATH`");
  return {store::local_path(url, datastore_folder(url.datastore, catalogue)), uri};
}

}  // namespace

Located locate_input(const model::DataPath& data, const model::Catalogue& catalogue) {
  switch (data.kind) {
    case model::DataPath::Kind::local:
      return {data.text, data.text};
    case model::DataPath::Kind::url:
      return locate_url(data.text, catalogue);
    case model::DataPath::Kind::asset:
      break;
  }
  const std::size_t cut = data.text.find_first_of(":@");
  const std::string name = data.text.substr(0, cut);
  const std::string version = cut == std::string::npos ? "" : data.text.substr(cut + 1);
  const auto asset = catalogue.data_asset(name, version);
  if (!asset)
    throw base::Error(base::Code::not_found,
                      fmt::format("there is no data asset 'azureml:{}'", data.text))
        .hint(
            fmt::format("`amlocal data create --name {} --version {} --path PATH` registers it; {}",
                        name, version.empty() || version == "latest" ? "1" : version,
                        text::did_you_mean(name, catalogue.data_asset_names())));
  if (asset->path.find("://") != std::string::npos) return locate_url(asset->path, catalogue);
  return {asset->path, asset->path};
}

Located fetch_input(const PlannedInput& input, const Located& located, const Remote& remote,
                    std::vector<std::string>& notices) {
  if (input.type != model::DataType::uri_file)
    throw base::Error(base::Code::bad_input,
                      fmt::format("input '{}' is a {}, and {} can only be one file", input.name,
                                  to_string(input.type), store::shown(located.uri)))
        .hint("declare it as uri_file, or download the folder and give its local path");
  RemoteFile file =
      base::while_doing([&] { return fmt::format("fetching input '{}'", input.name); },
                        [&] { return remote(located.uri); });
  if (!file.notice.empty())
    notices.push_back(fmt::format("input '{}': {}", input.name, file.notice));
  return {std::move(file.path), located.uri};
}

Located locate_output(const PlannedOutput& output, const std::string& step_id,
                      const std::string& default_datastore, const model::Catalogue& catalogue) {
  std::string uri = fmt::format("azureml://datastores/{}/paths/azureml/{}/{}/", default_datastore,
                                step_id, output.name);
  if (output.path)
    uri = model::render(*output.path,
                        [&](const model::Reference& reference) -> std::optional<std::string> {
                          const std::string name = reference.to_string();
                          if (name == "name") return step_id;
                          if (name == "output_name") return output.name;
                          if (name == "default_datastore") return default_datastore;
                          return std::nullopt;
                        });
  if (is_remote(uri))
    throw base::Error(base::Code::unavailable, fmt::format("output '{}' cannot be written to {}",
                                                           output.name, store::shown(uri)))
        .hint("give a datastore's path: azureml://datastores/NAME/paths/…");
  return locate_url(uri, catalogue);
}

}  // namespace engine
