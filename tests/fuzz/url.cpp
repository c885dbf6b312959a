// store::parse_url: what it accepts lies below the datastore's folder, whatever the text.
#include <boost/filesystem/path.hpp>

#include "fuzz/fuzz.hpp"
#include "store/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = fuzz::text_of(data, size);
  store::Url url;
  if (fuzz::refused(base::Code::bad_input, [&] { url = store::parse_url(text); })) return 0;
  if (url.kind != store::Url::Kind::datastore) {
    fuzz::require(!url.host.empty(), "a URL has a host");
    return 0;  // a blob's name may begin with a slash
  }
  fuzz::require(!url.path.starts_with('/'), "a path has no leading slash");
  fuzz::require(!url.datastore.empty(), "a datastore has a name");
  const fs::path folder("/data/store");
  fs::path local;
  if (fuzz::refused(base::Code::bad_input, [&] { local = store::local_path(url, folder); }))
    return 0;
  fuzz::require(local.lexically_normal().native().rfind(folder.native(), 0) == 0,
                "data lies below its datastore");
  return 0;
}
