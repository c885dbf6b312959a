"""One v1 step as an entry of a v2 job."""
import json

from azureml import _job_data as data
from azureml._arguments import Names, Words
from azureml._job_environment import compute_of, distribution_of, environment_of, variables_of


class StepWriter:
    """`job` is the JobWriter that the step belongs to; `names` are what its ports are called in v2."""

    def __init__(self, job, node):
        self.job, self.node, self.names = job, node, Names()
        step = node.step
        for port in node.inputs:
            self.names.input(port.name)
        for port in node.outputs:
            self.names.output(port.name)
        self._values = {}  # parameter → its literal, or the PipelineParameter that it is
        from azureml.pipeline.core._graph import parameters_of

        elsewhere = {id(each) for each in step._parameters_elsewhere()}
        ports = {id(port.source[0] if isinstance(port.source, tuple) else port.source) for port in node.inputs}
        for parameter in parameters_of(step):
            if id(parameter) not in elsewhere | ports:
                self._values[parameter.name] = parameter
        self._values.update(step._params or {})
        texts = [name for name, value in self._values.items() if isinstance(job.value_of(value), str)]
        for name in self._values:
            self.names.parameter(name)
        self.words = Words(node, self.names, texts)

    @property
    def default_source_directory(self):
        return self.job.graph.default_source_directory

    @property
    def files(self):
        return self.job.files

    def value_of(self, value):
        """A plain value: of a PipelineParameter what this submission gives it."""
        return self.job.write_value(value)

    def run_settings(self, runconfig, target, counts=None):
        """environment, environment_variables, compute, resources and distribution of a step."""
        counts = {key: self.value_of(value) for key, value in (counts or {}).items()}
        distribution, nodes = distribution_of(runconfig, counts)
        settings = {
            "environment": environment_of(runconfig.environment, self.files),
            "environment_variables": dict(variables_of(runconfig), **self.variables()),
            "compute": compute_of(target),
            "distribution": distribution,
            "resources": {"instance_count": nodes} if nodes > 1 else None,
        }
        return {key: value for key, value in settings.items() if value}

    def variables(self):
        """What a v1 script finds in its environment: parameters and data by their own names."""
        from azureml.data._names import COLLIDING

        found = {}
        for name, word in self.names.parameters.items():
            found["AML_PARAMETER_{}".format(name)] = "${{inputs.%s}}" % word
        consumed = []
        for port in self.node.inputs:
            value = "${{inputs.%s}}" % self.names.inputs[port.name]
            if port.kind == "dataset":
                consumed.append("{}:{}".format(port.name, port.mode))
            else:
                found["AZUREML_DATAREFERENCE_" + port.name] = value
            if port.table:
                found["AMLOCAL_DATASET_" + port.name] = json.dumps(port.table, sort_keys=True)
            if port.kind == "dataset" and port.name.lower() not in COLLIDING:
                found[port.name] = found[port.name.upper()] = value
        if consumed:
            found["AZUREML_DATASET_ENVIRONMENT_VARS"] = ",".join(consumed)
        written, linked = [], []
        for port in self.node.outputs:
            value = "${{outputs.%s}}" % self.names.outputs[port.name]
            if port.kind == "pipeline_data":
                found["AZUREML_DATAREFERENCE_" + port.name] = value
                continue
            (linked if port.mode == "link" else written).append(port.name)
            if port.name.lower() not in COLLIDING:
                found[port.name] = value
        if written:
            found["AZUREML_DATASET_FILE_OUTPUTS"] = ";".join(written)
        if linked:
            found["AZUREML_LINK_DATASET_OUTPUTS"] = ";".join(linked)
        return found

    # -- inputs and outputs -------------------------------------------------------------------------
    def inputs(self):
        found = {}
        for port in self.node.inputs:
            found[self.names.inputs[port.name]] = self._input(port)
        for name, value in self._values.items():
            found[self.names.parameters[name]] = self.job.parameter(value)
        return found

    def _input(self, port):
        if port.name in self.node.producers:
            maker, output = self.node.producers[port.name]
            written = self.job.writer_of(maker)
            return data.from_step(
                port, maker.key, written.names.outputs[output.name], data.output_of(output, "x")["type"]
            )
        return self.job.data_input(port)

    def outputs(self):
        found = {}
        for port in self.node.outputs:
            mapping = data.output_of(port, self.job.default_datastore)
            promoted = getattr(port.source, "_pipeline_output_name", None)
            if promoted:
                mapping = self.job.promote(promoted, mapping)
            found[self.names.outputs[port.name]] = mapping
        return found

    def entry(self):
        """The whole step."""
        step = self.node.step
        made = step._describe(self)
        inputs, outputs = self.inputs(), self.outputs()
        if inputs:
            made["inputs"] = inputs
        if outputs:
            made["outputs"] = outputs
        made["display_name"] = step.name
        block = {"name": step.name}
        after = [node.key for node in self.node.after]
        if after:
            block["after"] = after
        if step._place:
            block["place"] = step._place
        if getattr(step, "_version", None):
            block["version"] = str(step._version)
        made["v1"] = dict(block, **made.get("v1", {}))
        return made
