"""A script, or a sweep over one, submitted without a pipeline around it."""
import os

from azureml._arguments import free_name


def _graph_of(script, command, arguments, runconfig, folder):
    """A graph of one step."""
    from azureml.pipeline.core._graph import Graph
    from azureml.pipeline.steps.command_step import CommandStep
    from azureml.pipeline.steps.python_script_step import PythonScriptStep

    inputs = list(_references(runconfig, arguments))
    common = dict(compute_target=runconfig.target or "local", runconfig=runconfig, inputs=inputs, source_directory=folder)
    if script:
        step = PythonScriptStep(script, arguments=arguments, **common)
    else:
        step = CommandStep(command=command, **common)
    graph = Graph([step])
    step._check(folder)
    return graph


def _references(runconfig, arguments):
    """The DataReferences of the configuration: by name in `data_references`, and those among the arguments."""
    from azureml.data.data_reference import DataReference

    for name, each in (runconfig.data_references or {}).items():
        if isinstance(each, DataReference):
            yield each
        else:
            made = DataReference(each.datastore_name, name, each.path_on_datastore, each.mode, each.path_on_compute)
            yield made
    for each in arguments or []:
        if isinstance(each, DataReference) and each.data_reference_name not in (runconfig.data_references or {}):
            yield each


def _writer(graph, experiment):
    from azureml._job import JobWriter
    from azureml.pipeline.core.pipeline import _folder_of

    return JobWriter(graph, None, experiment.workspace.get_default_datastore(), _folder_of)


def _finish(job, experiment, tags, place):
    from azureml._job import block_of

    job["experiment_name"] = experiment.name
    if tags:
        job["tags"] = {str(key): "" if value is None else str(value) for key, value in tags.items()}
    job["v1"] = dict(job.get("v1", {}), **block_of(place))
    return job


def submit_script(config, experiment, tags=None, run_id=None):
    """A ScriptRunConfig's run."""
    from azureml import _submit
    from azureml.core.script_run import ScriptRun

    folder = os.path.abspath(str(config.source_directory or "."))
    graph = _graph_of(config.script, config.command, config.arguments, config.run_config, folder)
    writer = _writer(graph, experiment)
    job = writer.writer_of(graph.nodes[0]).entry()
    job["$schema"] = "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json"
    job.pop("is_deterministic", None)
    job["display_name"] = config.script or graph.nodes[0].step.name
    run_id = _submit.new_id(run_id)
    _submit.run_job(run_id, _stem(config.script), _finish(job, experiment, tags, config._place), writer.files)
    return _tagged(ScriptRun(experiment, run_id, directory=folder, _run_config=config), tags)


def _tagged(run, tags):
    if tags:
        run.set_tags(tags)
    return run


def _stem(script):
    return os.path.splitext(os.path.basename(script))[0] if script else "command"


def submit_sweep(config, experiment, tags=None, run_id=None):
    """A HyperDriveConfig's run."""
    from azureml import _submit
    from azureml.train.hyperdrive.run import HyperDriveRun

    script, arguments, folder, runconfig = config._script()
    folder = os.path.abspath(str(folder or "."))
    graph = _graph_of(script, runconfig.command, arguments, runconfig, folder)
    writer = _writer(graph, experiment)
    single = writer.writer_of(graph.nodes[0])
    job = sweep(config, script, arguments, folder, runconfig, single, job=True)
    for key, value in (("inputs", single.inputs()), ("outputs", single.outputs())):
        if value:
            job[key] = value
    job["$schema"] = "https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json"
    run_id = _submit.new_id(run_id)
    _submit.remember(run_id, objective=config._primary_metric_config)
    _submit.run_job(run_id, _stem(script), _finish(job, experiment, tags, graph.nodes[0].step._place), writer.files)
    return _tagged(HyperDriveRun(experiment, run_id, config), tags)


def sweep(config, script, arguments, folder, runconfig, writer, job=False):
    """The keys of a v2 sweep. In a job of its own a trial's command says ${{search_space.p}}; in a pipeline the trial
    is a component, whose inputs of the same names the sweep fills."""
    names = writer.names
    words, taken = {}, {each.lower() for each in list(names.inputs.values()) + list(names.parameters.values())}
    for name in config._sampling._parameter_space:
        words[name] = free_name(name.lstrip("-"), taken)
        taken.add(words[name].lower())
    side = "search_space" if job else "inputs"
    given = ['{} "${{{{{}.{}}}}}"'.format(name if name.startswith("-") else "--" + name, side, word) for name, word in words.items()]
    command = " ".join(filter(None, ["python", writer.words.word(script), writer.words.line(arguments)] + given))
    settings = writer.run_settings(runconfig, runconfig.target)
    compute = settings.pop("compute", None)
    trial = dict({"command": command, "code": os.path.abspath(str(folder or "."))}, **settings)
    step = dict({"type": "sweep"}, **config._settings(lambda name: words[name]))
    if not job:
        declared = {word: {"type": _type_of(config._sampling._parameter_space[name])} for name, word in words.items()}
        for word, value in writer.inputs().items():
            declared[word] = {"type": value["type"] if isinstance(value, dict) else _literal_type(value)}
        trial = dict({"type": "command", "name": "trial", "version": "1", "inputs": declared}, **trial)
        trial["outputs"] = {word: {"type": each["type"]} for word, each in writer.outputs().items()}
        if not trial["outputs"]:
            del trial["outputs"]
    step["trial"] = trial
    if compute:
        step["compute"] = compute
    return step


def _type_of(expression):
    from azureml.train.hyperdrive.parameter_expressions import as_v2

    space = as_v2(expression)
    if space["type"] == "randint":
        return "integer"
    values = space.get("values")
    if values is None:
        return "number"
    if all(isinstance(each, int) and not isinstance(each, bool) for each in values):
        return "integer"
    return "number" if all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in values) else "string"


def _literal_type(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "string"
