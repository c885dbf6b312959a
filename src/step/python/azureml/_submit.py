"""Submission: a config becomes a job's file below the workspace's .amlocal, and a run of it."""
import json
import os


def submit(experiment, config, tags=None, **kwargs):
    """The run of a Pipeline, a ScriptRunConfig, a HyperDriveConfig, an estimator, a published pipeline or a draft."""
    begin = getattr(config, "_submit_to", None)
    if begin is None:
        from azureml.exceptions import ExperimentExecutionException

        raise ExperimentExecutionException(
            "{} cannot be submitted. Give a Pipeline, a ScriptRunConfig, a HyperDriveConfig, an estimator or a "
            "PublishedPipeline.".format(type(config).__name__)
        )
    return begin(experiment, tags, **kwargs)


def new_id(run_id=None):
    import uuid

    return run_id or str(uuid.uuid4())


def definitions_folder(run_id):
    """The folder for what a run is made of, below the workspace of this definition."""
    from azureml import _client

    root = _client.connect().get("/workspace")["root"]
    folder = os.path.join(root, ".amlocal", "definitions", run_id)
    os.makedirs(folder, exist_ok=True)
    return folder


def collect(stem):
    """The folder of one more job of a definition that is only read: FOLDER/STEM, then FOLDER/STEM-2 and so on."""
    base = folder = os.path.join(os.environ["AMLOCAL_COLLECT"], stem)
    number = 1
    while os.path.exists(folder):
        number += 1
        folder = "{}-{}".format(base, number)
    os.makedirs(folder)
    return folder


def sign(folder):
    """Writes beside a job which script made it, so that runs of one script are known as such."""
    from azureml import _place

    with open(os.path.join(folder, "script"), "w", encoding="utf-8") as file:
        file.write(_place.definition())


def write(folder, stem, job, files):
    """The job's file and what it needs beside it; the file's path."""
    sign(folder)
    for relative, text in files.items():
        target = os.path.join(folder, relative)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
    path = os.path.join(folder, stem + ".json")
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(job, file, indent=2, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".part", path)
    return path


def run_job(run_id, stem, job, files):
    """Starts a run of the job. Raises what amlocal finds wrong with it; nothing has been run then."""
    if os.environ.get("AMLOCAL_EXPORT"):
        from azureml import _export, _running

        running = _running._running[run_id] = _export.run_job(run_id, job, files)
        return running
    from azureml import _running

    folder = collect(stem) if os.environ.get("AMLOCAL_COLLECT") else definitions_folder(run_id)
    running = _running.start(run_id, write(folder, stem, job, files))
    refused = running.wait_for_start()
    if refused is not None:
        from azureml.exceptions import ExperimentExecutionException

        raise ExperimentExecutionException(refused)
    return running


def remember(run_id, **facts):
    """What later calls want to know of a run: a document of the workspace."""
    from azureml import _client

    _client.connect().put("/documents/submission/" + _client.quote(run_id), facts)


def recall(run_id):
    """What `remember` kept of a run, or {}."""
    from azureml import _client

    found = _client.connect().find("/documents/submission/" + _client.quote(run_id))
    return found["content"] if found else {}


def portal(run_id, step=None):
    """Where to look at a run, or at one of its steps."""
    return "amlocal runs logs {}/{}".format(run_id, step) if step else "amlocal runs show {}".format(run_id)
