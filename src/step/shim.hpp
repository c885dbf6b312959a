// The `azureml` shim's files, as they stand in python/.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace step {

// By path: "azureml/core/run.py".
std::map<std::string, std::string_view> shim_files();

}  // namespace step
