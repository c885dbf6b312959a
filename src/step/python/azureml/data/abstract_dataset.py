"""AbstractDataset: a definition (which files, how they are read, which records), and its name in the workspace.

A definition is JSON: {"kind": "file" or "tabular", "paths", "read", "partition_format", "steps"}. Its id is
a hash of it. The workspace keeps it as the document `dataset/id.ID`, and what is registered under a
name as versions of the document `dataset/NAME`.
"""


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def definition_id(definition):
    import hashlib
    import json

    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


class AbstractDataset:
    def __init__(self):
        raise _error("Use Dataset.File or Dataset.Tabular to make a dataset, or Dataset.get_by_name to find one.")

    @classmethod
    def _of(cls, definition, workspace=None, registration=None):
        dataset = cls.__new__(cls)
        dataset._definition, dataset._workspace, dataset._registration = definition, workspace, registration
        dataset._found = None
        return dataset

    def _with(self, step):
        """The same with one step more. What it was registered as, it is no longer."""
        steps = self._definition.get("steps", []) + [step]
        return type(self)._of(dict(self._definition, steps=steps), self._workspace)

    # -- what it is -------------------------------------------------------------------------------
    @property
    def id(self):
        """The id under which the workspace keeps it; None for one that is not kept yet."""
        return definition_id(self._definition) if self._registration else None

    @property
    def name(self):
        return (self._registration or {}).get("name")

    @property
    def version(self):
        return (self._registration or {}).get("version")

    @property
    def description(self):
        return (self._registration or {}).get("description")

    @property
    def tags(self):
        return dict((self._registration or {}).get("tags") or {})

    @property
    def data_changed_time(self):
        """The time of the newest of its files, or None."""
        import datetime
        import os

        times = [os.stat(one.local).st_mtime for one in self._files()]
        return datetime.datetime.fromtimestamp(max(times), datetime.timezone.utc) if times else None

    @property
    def partition_keys(self):
        text = self._definition.get("partition_format")
        if not text:
            return []
        from azureml.data._partition_format import parse

        return parse(text)[1]

    def get_partition_key_values(self, partition_keys=None):
        """[{column: value}] that there are among its files."""
        keys = self.partition_keys if partition_keys is None else partition_keys
        self._check_keys(keys)
        columns = self._partition_columns(self._files())
        rows = list(zip(*[columns[key] for key in keys])) if keys else []
        return [dict(zip(keys, row)) for row in dict.fromkeys(rows)]

    def _check_keys(self, keys):
        if not keys:
            raise _error("partition_keys cannot be empty")
        wrong = [key for key in keys if key not in self.partition_keys]
        if wrong:
            raise _error("{0} are invalid partition keys".format(wrong))
        if len(set(keys)) != len(keys):
            raise _error("partition_keys cannot have duplicates")

    def _partition_columns(self, files):
        text = self._definition.get("partition_format")
        if not text:
            return {}
        from azureml.data._partition_format import values

        return values(text, [one.full for one in files])

    def _files(self):
        """The files it is made of, before its steps."""
        if self._found is None:
            from azureml.data._source import files

            self._found = files(self._definition["paths"], self._need_workspace())
        return self._found

    def _need_workspace(self):
        if self._workspace is None:
            from azureml.core.workspace import Workspace

            self._workspace = Workspace._local()
        return self._workspace

    # -- records ----------------------------------------------------------------------------------
    def take(self, count):
        """The first `count` records (files of a FileDataset, rows of a TabularDataset)."""
        from azureml.data import _records

        return self._with(_records.take(count))

    def skip(self, count):
        """All but the first `count` records."""
        from azureml.data import _records

        return self._with(_records.skip(count))

    def take_sample(self, probability, seed=None):
        """Each record with that probability. The same seed and data give the same records."""
        from azureml.data import _records

        return self._with(_records.sample(probability, seed))

    def random_split(self, percentage, seed=None):
        """Two datasets: about `percentage` (0 to 1) of the records, and the others."""
        from azureml.data import _records

        first, second = _records.split(percentage, seed)
        return self._with(first), self._with(second)

    def filter(self, expression):
        """The records for which an expression like `dataset["age"] > 3` is true."""
        from azureml.data._expressions import check

        return self._with({"do": "filter", "expression": check(expression)})

    def __getitem__(self, name):
        """dataset["column"]: the beginning of an expression for filter."""
        from azureml.data._expressions import column

        return column(name)

    # -- into a step ------------------------------------------------------------------------------
    def as_named_input(self, name):
        """This dataset as the input `name` of a step."""
        from azureml.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(name, self)

    def _saved_id(self, workspace=None):
        """Its id, after the workspace has kept the definition under it."""
        from azureml._client import connect, quote

        identity = definition_id(self._definition)
        content = {"id": identity, "definition": self._definition}
        connect().put("/documents/dataset/" + quote("id." + identity), content, version=1)
        return identity

    # -- a name -----------------------------------------------------------------------------------
    def register(self, workspace, name, description=None, tags=None, create_new_version=False):
        """Keeps it under a name; the registered dataset. The same again gives the version there is."""
        from azureml.core.dataset import Dataset, versions_of
        from azureml.core._run_life import texts

        if not isinstance(name, str) or not name or name.startswith("id."):
            raise _error("{!r} is no name for a dataset.".format(name))
        there = versions_of(workspace, name)
        identity = self._saved_id(workspace)
        for version, content in there:
            if content["id"] == identity:
                return Dataset._of_content(workspace, name, version, content)
        if there and not create_new_version:
            raise _error(
                'There is already a dataset registered under name "{}". Specify `create_new_version=True` to register '
                "the dataset as a new version. Use `update`, `add_tags`, or `remove_tags` to change only the "
                "description or tags.".format(name)
            )
        content = {
            "id": identity, "definition": self._definition, "description": description,
            "tags": texts(tags or {}, "tag"),
        }
        from azureml._client import connect, quote

        made = connect().put("/documents/dataset/" + quote(name), content)
        return Dataset._of_content(workspace, name, made["version"], content)

    def _change(self, **changes):
        if not self.name:
            raise _error("This dataset is not registered: dataset.register(workspace, name=…) first.")
        from azureml._client import connect, quote

        kept = dict(self._registration, **changes)
        content = {
            "id": definition_id(self._definition), "definition": self._definition,
            "description": kept["description"], "tags": kept["tags"],
        }
        connect().put("/documents/dataset/" + quote(self.name), content, version=self.version)
        return type(self)._of(self._definition, self._workspace, kept)

    def update(self, description=None, tags=None):
        """Another description, other tags, of this version."""
        from azureml.core._run_life import texts

        kept = {} if description is None else {"description": description}
        if tags is not None:
            kept["tags"] = texts(tags, "tag")
        return self._change(**kept)

    def add_tags(self, tags=None):
        from azureml.core._run_life import texts

        return self._change(tags=dict(self.tags, **texts(tags or {}, "tag")))

    def remove_tags(self, tags=None):
        return self._change(tags={key: value for key, value in self.tags.items() if key not in (tags or [])})

    def unregister_all_versions(self):
        """Takes the name away; the files stay."""
        if self.name:
            from azureml._client import connect, quote

            connect().delete("/documents/dataset/" + quote(self.name))
            self._registration = None

    @staticmethod
    def get_by_name(workspace, name, version="latest", **kwargs):
        from azureml.core.dataset import Dataset

        return Dataset.get_by_name(workspace, name, version)

    @staticmethod
    def get_by_id(workspace, id, **kwargs):
        from azureml.core.dataset import Dataset

        return Dataset.get_by_id(workspace, id)

    @staticmethod
    def get_all(workspace):
        from azureml.core.dataset import Dataset

        return Dataset.get_all(workspace)

    class _Factory:
        def __init__(self, name):
            self._name = name

        def __get__(self, instance, owner):
            from azureml.data import dataset_factory

            return getattr(dataset_factory, self._name)

    File = _Factory("FileDatasetFactory")
    Tabular = _Factory("TabularDatasetFactory")

    def __repr__(self):
        import json

        facts = {"source": [_shown(path) for path in self._definition["paths"]], "definition": self._definition.get("steps", [])}
        if self._registration:
            facts["registration"] = {
                "id": self.id, "name": self.name, "version": self.version, "description": self.description, "tags": self.tags
            }
        return "{}\n{}".format(type(self).__name__, json.dumps(facts, indent=2))

    __str__ = __repr__


def _shown(path):
    if "datastore" in path:
        return "('{}', '{}')".format(path["datastore"], path["path"])
    return path.get("url") or path.get("file")


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
