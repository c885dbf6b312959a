// The small closed sets of Azure ML: access modes, data types, statuses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace model {

// How a step reaches an input or output. `mount` in a v2 output is a synonym of rw_mount.
// Source: how-to-read-write-data-v2; `link` and `hdfs` are v1's.
enum class AccessMode {
  ro_mount,
  rw_mount,
  download,
  upload,
  direct,
  eval_mount,
  eval_download,
  link,
  hdfs
};

// Source: reference-yaml-job-command, inputs.<name>.type; reference-yaml-component-command.
enum class DataType {
  uri_file,
  uri_folder,
  mltable,
  mlflow_model,
  custom_model,
  triton_model,  // data
  string,
  number,
  integer,
  boolean,  // literals
};

// How a run or a step ended, or how far it is. The cloud's words.
// `reused`: an earlier run's outputs stand in for this step's. `skipped`: a step it needs failed.
enum class Status {
  not_started,
  preparing,
  running,
  finalizing,
  completed,
  failed,
  canceled,
  skipped,
  reused,
  interrupted
};

constexpr bool is_data(DataType type) {
  return type < DataType::string;
}
// Whether data is reached through a mount in this mode.
constexpr bool is_mount(AccessMode mode) {
  return mode == AccessMode::ro_mount || mode == AccessMode::rw_mount ||
         mode == AccessMode::eval_mount;
}
constexpr bool is_file(DataType type) {
  return type == DataType::uri_file;
}

std::string_view to_string(AccessMode);
std::string_view to_string(DataType);
// "Completed", "Failed", … as the cloud writes them.
std::string_view to_string(Status);

// Case is ignored, as the SDK does; nullopt for anything else.
std::optional<AccessMode> parse_access_mode(std::string_view);
std::optional<DataType> parse_data_type(std::string_view);
std::optional<Status> parse_status(std::string_view);

}  // namespace model
