"""run.input_datasets and run.output_datasets: what the step's environment says of its data.

AZUREML_DATASET_ENVIRONMENT_VARS is `name:mode,name:mode`; the variable `name` holds the path or, in the
mode direct, the dataset's id. AZUREML_DATASET_FILE_OUTPUTS and AZUREML_LINK_DATASET_OUTPUTS are
`name;name`. Inputs and outputs of a v2 step are AZURE_ML_INPUT_name and AZURE_ML_OUTPUT_name.
"""
import os


class _Named(dict):
    """A dictionary whose KeyError says what there is."""

    _what, _prefix = "input", "AZURE_ML_INPUT_"

    def __missing__(self, name):
        if self._prefix + str(name) in os.environ:
            return os.environ[self._prefix + str(name)]
        there = ", ".join(sorted(self)) or "none"
        raise KeyError("{} is no {} of this step (it has: {})".format(name, self._what, there))


class InputDatasets(_Named):
    def __init__(self, workspace):
        super().__init__()
        self._workspace = workspace
        for pair in _split("AZUREML_DATASET_ENVIRONMENT_VARS", ","):
            name, _, mode = pair.partition(":")
            value = os.environ.get(name, os.environ.get("AZURE_ML_INPUT_" + name))
            if value is None:
                continue
            if mode == "direct":
                value = _dataset(workspace, name, value)
            self[name] = value


def _dataset(workspace, name, value):
    """The dataset of an id, or of what another step has written: a place, and how it is read."""
    if "/" not in value:
        from azureml.core.dataset import Dataset

        return Dataset.get_by_id(workspace, value)
    import json

    from azureml.data._table_of_output import dataset

    table = os.environ.get("AMLOCAL_DATASET_" + name)
    return dataset(json.loads(table) if table else None, value, workspace)


class OutputDatasets(_Named):
    _what, _prefix = "output", "AZURE_ML_OUTPUT_"

    def __init__(self, workspace):
        super().__init__()
        for name in _split("AZUREML_DATASET_FILE_OUTPUTS", ";"):
            value = os.environ.get(name, os.environ.get("AZURE_ML_OUTPUT_" + name))
            if value is not None:
                self[name] = value
        for name in _split("AZUREML_LINK_DATASET_OUTPUTS", ";"):
            self[name] = LinkOutput(workspace, name)


class LinkOutput:
    """An output that is a dataset the script names, instead of files that it writes."""

    def __init__(self, workspace, name=None):
        self._workspace, self._name = workspace, name

    def link(self, dataset, run=None):
        """Makes `dataset` what this output is."""
        from azureml.core.run import Run
        from azureml.data.abstract_dataset import AbstractDataset

        if dataset is None:
            raise RuntimeError("Argument dataset cannot be None.")
        if not isinstance(dataset, AbstractDataset):
            raise RuntimeError("Argument dataset must an instance of AbstractDataset")
        run = run or Run.get_context()
        run.add_properties({"azureml.output." + self._name: dataset._saved_id(self._workspace)})


def _split(variable, separator):
    return [one for one in os.environ.get(variable, "").split(separator) if one]
