"""A v1 pipeline as a v2 pipeline job: a dictionary that is written as JSON, which is YAML.

v2's own words wherever it has them, so that everything that reads a job reads this one; an object `v1` in a job, step,
input or output for what it has not.
"""
from azureml import _job_data as data
from azureml._arguments import free_name
from azureml._job_step import StepWriter


class JobWriter:
    """`values`: {parameter's name: what this submission gives it}. `folders`: datastore's name → its folder here, or
    None; a place that is a file there is an input of the type uri_file."""

    def __init__(self, graph, values=None, default_datastore="workspaceblobstore", folders=None):
        self.graph, self.values = graph, dict(values or {})
        self.default_datastore = getattr(default_datastore, "name", default_datastore)
        self.files = {}  # what the job needs beside it: {relative path: text}
        self._folders = folders or (lambda name: None)
        self._inputs, self._words, self._outputs = {}, {}, {}
        self.written = set()  # parameters whose values stand in the job itself, where v2 binds none
        self._writers = {node.key: StepWriter(self, node) for node in graph.nodes}

    def writer_of(self, node):
        return self._writers[node.key]

    # -- parameters -----------------------------------------------------------------------------------
    def value_of(self, value):
        from azureml.pipeline.core.graph import PipelineParameter

        if not isinstance(value, PipelineParameter):
            return value
        return self.values.get(value.name, value.default_value)

    def write_value(self, value):
        """The same, for a place of the job in which the value itself stands."""
        from azureml.pipeline.core.graph import PipelineParameter

        if isinstance(value, PipelineParameter):
            self.written.add(value.name)
        return self.value_of(value)

    def word_of(self, parameter):
        """The job's input that a parameter is, or None."""
        return self._words.get(parameter)

    def parameter(self, value):
        """What a step's input is given: a literal, or the binding to the job's input."""
        from azureml.pipeline.core.graph import PipelineParameter

        if not isinstance(value, PipelineParameter):
            return literal(value)
        return "${{parent.inputs.%s}}" % self._job_input(value.name, literal(self.value_of(value)))

    def _job_input(self, name, value):
        if name not in self._words:
            self._words[name] = free_name(name, {word.lower() for word in self._words.values()})
            self._inputs[self._words[name]] = value
        return self._words[name]

    # -- data -----------------------------------------------------------------------------------------
    def is_file(self, datastore, path):
        import os

        folder = self._folders(getattr(datastore, "name", datastore))
        return bool(folder and path and os.path.isfile(os.path.join(folder, str(path).lstrip("/"))))

    def data_input(self, port):
        """A step's input whose data no step makes: a place, a dataset, or a parameter that is one of them."""
        from azureml.pipeline.core.graph import PipelineParameter

        source = port.source[0] if isinstance(port.source, tuple) else port.source
        parameter = source if isinstance(source, PipelineParameter) else None
        mapping = self._data(port, self.value_of(source))
        if parameter is None:
            return mapping
        if not isinstance(mapping, dict):
            return "${{parent.inputs.%s}}" % self._job_input(parameter.name, mapping)
        word = self._job_input(parameter.name, {key: mapping[key] for key in ("type", "path")})
        return dict(mapping, path="${{parent.inputs.%s}}" % word)

    def _data(self, port, source):
        from azureml.data.data_reference import DataReference
        from azureml.data.datapath import DataPath

        if isinstance(source, DataReference):
            return data.from_place(port, source.datastore, source.path_on_datastore, self.is_file)
        if isinstance(source, DataPath):
            return data.from_place(port, source._datastore, source.path_on_datastore, self.is_file)
        from azureml import _job_dataset

        return _job_dataset.input_of(self, port, source)

    def folder_of_files(self, dataset):
        """A folder of this workspace with the dataset's files."""
        import os

        from azureml import _job_dataset, _submit
        from azureml.data.abstract_dataset import definition_id

        folder = _submit.definitions_folder("files-" + definition_id(dataset._definition)[:16])
        _job_dataset.gather(dataset, os.path.join(folder, "files"))
        return os.path.join(folder, "files")

    def promote(self, name, mapping):
        """A step's output that is the pipeline's output `name` too; what the step then says of it."""
        word = free_name(name, {each.lower() for each in self._outputs})
        self._outputs[word] = mapping
        return {"type": mapping["type"], "mode": mapping["mode"], "path": "${{parent.outputs.%s}}" % word, "v1": mapping["v1"]}

    # -- the whole ------------------------------------------------------------------------------------
    def pipeline_job(self, experiment=None, description=None, tags=None, continue_on_step_failure=False, rerun=False, place=None):
        jobs = {node.key: self.writer_of(node).entry() for node in self.graph.nodes}
        job = {"$schema": "https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json", "type": "pipeline"}
        if experiment:
            job["experiment_name"] = experiment
        if description:
            job["description"] = str(description)
        if tags:
            job["tags"] = {str(key): "" if value is None else str(value) for key, value in tags.items()}
        job["settings"] = {
            "default_datastore": "azureml:" + self.default_datastore,
            "continue_on_step_failure": bool(continue_on_step_failure),
        }
        if rerun:
            job["settings"]["force_rerun"] = True
        if self._inputs:
            job["inputs"] = self._inputs
        if self._outputs:
            job["outputs"] = self._outputs
        job["jobs"] = jobs
        job["v1"] = block_of(place)
        return job


def block_of(place):
    """The job's `v1`: the user's script and the line of the pipeline in it."""
    from azureml import _place

    block = {"definition": (place or {}).get("file") or _place.definition()}
    if (place or {}).get("line"):
        block["line"] = place["line"]
    return {key: value for key, value in block.items() if value}


def literal(value):
    """A v2 literal: numbers and booleans as they are, everything else as its text."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)
