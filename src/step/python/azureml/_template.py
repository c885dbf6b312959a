"""A pipeline's job with its parameters open: what a submission fills in, and what is published, drafted, run again.

{"job": …, "files": {relative path: text}, "parameters": {name: {"input": v2's word or None, "places": [[add, [key, …]],
…]}}, "steps": {key: {"name": v1's, "id": …, "outputs": {v2's word: v1's}}}}. `places` are where a value stands in the
job itself, as v2 binds no parameter there.
"""


def run(template, experiment, values=None, tags=None, properties=None, regenerate=False):
    """Starts it; prints what the real SDK prints. The PipelineRun."""
    from azureml import _submit
    from azureml.pipeline.core.run import PipelineRun

    job = filled(template, values)
    job["experiment_name"] = experiment.name
    if tags:
        job["tags"] = dict(job.get("tags") or {}, **{str(key): _text(value) for key, value in tags.items()})
    job["properties"] = dict({"azureml.runsource": "azureml.PipelineRun", "runType": "SDK"}, **(properties or {}))
    if regenerate:
        job["settings"]["force_rerun"] = True
    run_id = _submit.new_id()
    _submit.remember(run_id, **dict(template, job=job, pipeline_id=(properties or {}).get("azureml.pipelineid")))
    _submit.run_job(run_id, "pipeline", job, template.get("files") or {})
    for key, step in template["steps"].items():
        reused = not regenerate and job["jobs"][key].get("is_deterministic", True)
        print(
            "Created step {} [{}][{}], ({})".format(
                step["name"],
                step["id"],
                run_id[:8],
                "This step is eligible to reuse a previous run's output"
                if reused
                else "This step will run and generate new outputs",
            )
        )
    print("Submitted PipelineRun {}".format(run_id))
    print("Link to Azure Machine Learning Portal: {}".format(_submit.portal(run_id)))
    made = PipelineRun(experiment, run_id)
    if tags:
        made.set_tags(tags)
    return made


def filled(template, values=None):
    """The job with the values of one submission; the template stays as it is."""
    import copy

    job, parameters = copy.deepcopy(template["job"]), template["parameters"]
    for name, value in (values or {}).items():
        if name not in parameters:
            raise Exception("Pipeline parameter with name {0} does not exist".format(name))
        known = parameters[name]
        if known["input"] is not None:
            job["inputs"][known["input"]] = _input(value, job["inputs"].get(known["input"]))
        for add, (*path, last) in known["places"]:
            where = job
            for key in path:
                where = where.setdefault(key, {}) if isinstance(where, dict) else where[key]
            as_text = isinstance(where.get(last), str) if isinstance(where, dict) else isinstance(where[last], str)
            where[last] = str(value) if as_text else int(value) + add
    return job


def _input(value, before):
    """What a job's input is given: a literal, or a place for data."""
    from azureml._job import literal
    from azureml._job_data import datastore_uri
    from azureml.data.datapath import DataPath
    from azureml.pipeline.core import _ports

    if isinstance(value, DataPath):
        return dict(before, path=datastore_uri(value._datastore, value.path_on_datastore))
    if _ports.is_dataset(value) or isinstance(before, dict):
        raise TypeError("A parameter that is data takes a DataPath here; give other datasets when the Pipeline is submitted")
    return literal(value)


def places_of(job, value):
    """[[add, the keys to a leaf]] of the leaves that are `value` plus `add`: as a text, as it is, or one less."""
    found, pending = [], [((), job)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, dict):
            pending += [(path + (key,), each) for key, each in node.items()]
        elif isinstance(node, list):
            pending += [(path + (at,), each) for at, each in enumerate(node)]
        elif node == value or node == str(value):
            found.append([0, list(path)])
        elif node == value - 1:  # tries become retries
            found.append([-1, list(path)])
    return found


def _text(value):
    return "" if value is None else str(value)
