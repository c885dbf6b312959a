"""A step's ports as v2 inputs and outputs, with a `v1` block for what v2 cannot say."""

INPUT_MODES = {"mount": "ro_mount", "download": "download", "direct": "direct", "hdfs": "direct", "upload": "ro_mount"}
OUTPUT_MODES = {"mount": "rw_mount", "upload": "upload", "direct": "rw_mount", "link": "rw_mount", "hdfs": "rw_mount"}
_ROOTS = (None, "", "/", ".", "./")


def datastore_uri(datastore, path):
    """azureml://datastores/NAME/paths/PATH; an object or a name."""
    path = "" if path in _ROOTS else str(path)
    name = getattr(datastore, "name", datastore)
    return "azureml://datastores/{}/paths/{}".format(name, path.lstrip("/"))


def without_nothing(block):
    return {key: value for key, value in block.items() if value not in (None, False, [], {})}


def from_step(port, producer_key, output_name, output_type):
    """An input that takes another step's output."""
    kind = "pipeline_data" if port.kind == "pipeline_data" else "dataset"
    return {
        "type": output_type,
        "path": "${{parent.jobs.%s.outputs.%s}}" % (producer_key, output_name),
        "mode": INPUT_MODES[port.mode],
        "v1": without_nothing(
            {
                "kind": kind,
                "path_on_compute": port.path_on_compute,
                "overwrite": port.overwrite,
            }
        ),
    }


def from_place(port, datastore, path, is_file):
    """An input that is a place on a datastore."""
    return {
        "type": "uri_file" if is_file(datastore, path) else "uri_folder",
        "path": datastore_uri(datastore, path),
        "mode": INPUT_MODES[port.mode],
        "v1": without_nothing(
            {"kind": "data_reference", "path_on_compute": port.path_on_compute, "overwrite": port.overwrite}
        ),
    }


def output_of(port, default_datastore):
    """An output as a mapping: type, mode, path, name and `v1`."""
    return _pipeline_data(port) if port.kind == "pipeline_data" else _output_config(port, default_datastore)


def _pipeline_data(port):
    data = port.source
    one_file = data._is_directory is False or data._training_output is not None
    mapping = {"type": "uri_file" if one_file else "uri_folder", "mode": OUTPUT_MODES[port.mode]}
    if data._datastore is not None:
        mapping["path"] = datastore_uri(data._datastore, "azureml/${{name}}/${{output_name}}")
    if port.registration:
        mapping["name"] = port.registration[0]
    training = data._training_output
    mapping["v1"] = without_nothing(
        {
            "kind": "pipeline_data",
            "overwrite": data._output_overwrite,
            "path_on_compute": data._output_path_on_compute,
            "table": port.table if port.registration else None,
            "training_output": training and without_nothing({name.strip("_"): each for name, each in vars(training).items()}),
        }
    )
    return mapping


def _output_config(port, default_datastore):
    config = getattr(port.source, "_files", port.source)
    mapping = {"type": "uri_folder", "mode": OUTPUT_MODES[port.mode]}
    destination = getattr(config, "destination", None)
    datastore, path = destination if isinstance(destination, tuple) else (None, destination)
    if port.mode != "link":
        path = str(path or "/dataset/{run-id}/{output-name}")
        path = path.replace("{run-id}", "${{name}}").replace("{output-name}", "${{output_name}}")
        mapping["path"] = datastore_uri(datastore or default_datastore, path)
    registered = port.registration or (None, None, None)
    if registered[0]:
        mapping["name"] = registered[0]
    upload, mount = getattr(config, "_upload_options", None), getattr(config, "_mount_options", None)
    mapping["v1"] = without_nothing(
        {
            "kind": "link" if port.mode == "link" else "output_file_dataset",
            "overwrite": upload and upload.overwrite,
            "source_globs": upload and upload.source_globs,
            "path_on_compute": getattr(config, "source", None),
            "disable_metadata_cache": mount and mount.disable_metadata_cache,
            "description": registered[1],
            "tags": registered[2],
            "table": port.table if registered[0] else None,
        }
    )
    return mapping
