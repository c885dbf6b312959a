"""A dataset as the input of a v2 step."""
import os

from azureml._job_data import INPUT_MODES, datastore_uri, without_nothing


def input_of(job, port, dataset):
    """The input's mapping; in the mode direct, where the script asks the workspace itself, the dataset's id."""
    from azureml.data.dataset_consumption_config import is_tabular
    from azureml.pipeline.core import _ports

    if not _ports.is_dataset(dataset):
        raise ValueError("Unexpected dataset type: {}".format(type(dataset)))
    if port.mode == "direct" or is_tabular(dataset):
        return dataset._saved_id(dataset._workspace)
    kind, path = _place(job, dataset, port)
    block = {"kind": "dataset", "path_on_compute": port.path_on_compute}
    if dataset.name:
        block["dataset"] = {"name": dataset.name, "version": str(dataset.version)}
    return {"type": kind, "path": path, "mode": INPUT_MODES[port.mode], "v1": without_nothing(block)}


def _place(job, dataset, port):
    """("uri_file" or "uri_folder", where it is)"""
    definition = dataset._definition
    paths = definition["paths"]
    if len(paths) == 1 and not definition.get("steps"):
        only = paths[0]
        if "url" in only:
            return "uri_file", only["url"]
        name = only.get("path") if "datastore" in only else only["file"]
        if not any(mark in name for mark in "*?"):
            if "file" in only:
                return ("uri_file" if os.path.isfile(name) else "uri_folder"), name
            is_file = job.is_file(only["datastore"], name)
            return ("uri_file" if is_file else "uri_folder"), datastore_uri(only["datastore"], name)
    # Patterns, several places, a choice of files: no v2 path says that, a folder of just these files does.
    return "uri_folder", job.folder_of_files(dataset)


def gather(dataset, folder):
    """Puts the dataset's files into `folder` as they would lie below its mount point."""
    import shutil

    os.makedirs(folder, exist_ok=True)
    for each in dataset._chosen_files():
        target = os.path.join(folder, each.relative.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.exists(target):
            os.unlink(target)
        try:
            os.link(each.local, target)
        except OSError:  # another file system
            shutil.copy2(each.local, target)
