// The parts of observe(): internal to the room.
#pragma once

#include "data/shape.hpp"

namespace data {

struct FoundFile {
  std::string name;  // from the root, with '/'
  std::uint64_t bytes = 0;
};

// The contract of files of one pattern, sorted by name; counts of files and bytes are left to the
// caller.
Group observe_files(const fs::path& root, std::string pattern, const std::vector<FoundFile>& files,
                    const Limits&);

// By its extension, else by its first bytes. Throws as file_source().
Format format_of(const fs::path&, std::uint64_t bytes);

// A file MLTable or MLmodel; what cannot be read of it goes into `notes`.
std::optional<TableFileShape> observe_mltable(const fs::path&, std::vector<std::string>& notes);
std::optional<ModelShape> observe_model(const fs::path& root, const std::string& name,
                                        std::vector<std::string>& notes);

}  // namespace data
