"""Pipeline: steps, what connects them, and the job that they are."""
from azureml.pipeline.core._graph import Graph


class Pipeline:
    def __init__(
        self,
        workspace,
        steps,
        description=None,
        default_datastore=None,
        default_source_directory=None,
        resolve_closure=True,
        _workflow_provider=None,
        _service_endpoint=None,
        **kwargs
    ):
        from azureml import _place

        for key in kwargs:
            if key != "enable_email_notification":
                raise ValueError("parameter %s is not recognized for Pipeline " % key)
        self.workspace = workspace
        self.description = description
        self._default_datastore = default_datastore
        self._place = _place.of_caller()
        self._graph = Graph(steps, resolve_closure, default_source_directory)
        for node in self._graph.nodes:
            node.step._check(default_source_directory)

    @property
    def graph(self):
        from azureml import _absent

        _absent.refuse("Pipeline.graph", "the graph is a v2 job here: `amlocal export` writes it as YAML")

    def service_endpoint(self):
        from azureml._client import connect

        return connect().endpoint

    def validate(self):
        """What is wrong with the pipeline, as texts; nothing is raised. Prints each step that is ready.

        A cycle first, as in the cloud; then all that `amlocal validate` finds."""
        problems = self._graph.problems() or self._refused()
        if not problems:
            for node in self._graph.nodes:
                print("Step {0} is ready to be created [{1}]".format(node.step.name, node.id))
        return problems

    def _refused(self):
        """What amlocal would refuse at the submission."""
        import json
        import shutil
        import subprocess

        from azureml import _client, _submit

        program = _client.program()
        if not program or not self._graph.nodes:
            return []
        job, writer = self._job()
        folder = _submit.definitions_folder("validate-" + _submit.new_id())
        try:
            file = _submit.write(folder, "pipeline", job, writer.files)
            said = subprocess.run([program, "validate", file, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            found = json.loads(said.stdout.decode("utf-8", "replace"))["diagnostics"]
        except (ValueError, KeyError):
            return []
        return ["; ".join(filter(None, [each["what"], each.get("hint")])) for each in found if each["severity"] == "error"]

    def submit(
        self,
        experiment_name,
        pipeline_parameters=None,
        continue_on_step_failure=False,
        regenerate_outputs=False,
        parent_run_id=None,
        credential_passthrough=None,
        **kwargs
    ):
        from azureml.core.experiment import Experiment

        return self._submit_to(
            Experiment(self.workspace, experiment_name),
            kwargs.get("tags"),
            pipeline_parameters,
            continue_on_step_failure,
            regenerate_outputs,
        )

    def _submit_to(
        self,
        experiment,
        tags=None,
        pipeline_parameters=None,
        continue_on_step_failure=False,
        regenerate_outputs=False,
        pipeline_params=None,
        **kwargs
    ):
        from azureml import _template

        template = self._template(pipeline_parameters or pipeline_params, bool(continue_on_step_failure))
        return _template.run(template, experiment, None, tags, regenerate=bool(regenerate_outputs))

    def publish(self, name=None, description=None, version=None, continue_on_step_failure=None):
        from azureml.pipeline.core._published import PublishedPipeline

        return PublishedPipeline._publish(self, name, description, version, continue_on_step_failure)

    @staticmethod
    def load_yaml(workspace, filename, _workflow_provider=None, _service_endpoint=None):
        from azureml import _absent

        _absent.refuse("Pipeline.load_yaml", "`amlocal run` takes v2 YAML; a v1 YAML pipeline is made anew with steps")

    def _job(self, values=None, **settings):
        """The v2 job, and the writer that made it."""
        from azureml._job import JobWriter

        check_parameters(self._graph.parameters, values)
        datastore = self._default_datastore
        if datastore is None:
            datastore = self.workspace.get_default_datastore()
        writer = JobWriter(self._graph, values, datastore, _folder_of)
        return writer.pipeline_job(description=self.description, place=self._place, **settings), writer

    def _template(self, values=None, continue_on_step_failure=False):
        """The job with its parameters open (azureml._template)."""
        from azureml._template import places_of

        job, writer = self._job(values, continue_on_step_failure=continue_on_step_failure)
        parameters = {}
        for name in self._graph.parameters:
            places = []
            if name in writer.written:  # its value stands in the job itself: found by another one
                other = {name: _MARK}
                places = places_of(self._job(dict(values or {}, **other))[0]["jobs"], _MARK)
            parameters[name] = {"input": writer.word_of(name), "places": [[add, ["jobs"] + path] for add, path in places]}
        steps = {
            node.key: {
                "name": node.step.name,
                "id": node.id,
                "outputs": {word: name for name, word in writer.writer_of(node).names.outputs.items()},
            }
            for node in self._graph.nodes
        }
        return {"job": job, "files": writer.files, "parameters": parameters, "steps": steps}


_MARK = 918273645  # a value that nobody writes


def check_parameters(parameters, values):
    """The submission's values against the pipeline's parameters, in the real SDK's words."""
    from azureml.data.datapath import DataPath
    from azureml.pipeline.core import _ports

    for name, value in (values or {}).items():
        if name not in parameters:
            raise Exception("Pipeline parameter with name {0} does not exist".format(name))
        default = parameters[name].default_value
        for is_kind in (_ports.is_dataset, lambda each: isinstance(each, DataPath)):
            if is_kind(default) and not is_kind(value):
                raise TypeError(
                    "Pipeline parameter with name {} is of incorrect type {}. Expected type: {}".format(
                        name, type(value), type(default)
                    )
                )


def _folder_of(datastore):
    """The folder on this machine that stands for a datastore."""
    from azureml import _client

    found = _client.connect().find("/datastores/" + _client.quote(datastore))
    return found["folder"] if found else None
