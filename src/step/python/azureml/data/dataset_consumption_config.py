"""DatasetConsumptionConfig: a dataset with the name and the mode in which a script gets it."""
from azureml.data._names import check

_MODES = ("mount", "download", "hdfs", "link", "direct")


class DatasetConsumptionConfig:
    def __init__(self, name, dataset, mode="direct", path_on_compute=None):
        mode = mode.lower()
        if mode not in _MODES:
            from azureml.exceptions import UserErrorException

            raise UserErrorException("Invalid mode '{}'. Mode can only be mount, download, hdfs, link, or direct".format(mode))
        if isinstance(dataset, tuple):
            from azureml.core.dataset import Dataset

            dataset = Dataset.get_by_name(*dataset)
        self.dataset = dataset
        self._name = check(name, "input")
        self.mode = mode
        self.path_on_compute = path_on_compute

    @property
    def name(self):
        return self._name

    @property
    def arg_val(self):
        """What stands in an argument list until the step runs."""
        return "DatasetConsumptionConfig:" + self._name

    def as_mount(self, path_on_compute=None):
        return self._copy("mount", path_on_compute)

    def as_download(self, path_on_compute=None):
        return self._copy("download", path_on_compute)

    def as_hdfs(self):
        return self._copy("hdfs", None)

    def _copy(self, mode, path_on_compute):
        if mode != "hdfs" and is_tabular(self.dataset):
            from azureml.exceptions import UserErrorException

            raise UserErrorException(
                "{} does not support {}. Only FileDataset supports {}".format(type(self.dataset), mode, mode)
            )
        return DatasetConsumptionConfig(self._name, self.dataset, mode, path_on_compute)


def is_tabular(dataset):
    """A table, whichever stage it is in: a dataset, or what a step is going to write."""
    from azureml.data.output_dataset_config import LinkTabularOutputDatasetConfig, OutputTabularDatasetConfig

    default = getattr(dataset, "default_value", dataset)  # of a PipelineParameter
    if isinstance(default, (OutputTabularDatasetConfig, LinkTabularOutputDatasetConfig)):
        return True
    return type(default).__name__ == "TabularDataset"
