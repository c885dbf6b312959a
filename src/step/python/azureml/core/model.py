"""Model: files under a name and a version, kept in the workspace."""
import os

MODELS_FOLDER = "azureml-models"


def _error(text):
    from azureml.exceptions import WebserviceException

    return WebserviceException(text)


def _not_found(text):
    from azureml.exceptions import ModelNotFoundException

    return ModelNotFoundException(text)


def check_name(name):
    import re

    if not isinstance(name, str) or not re.match(r"^[a-zA-Z0-9][a-zA-Z0-9\-\._]{0,254}$", name):
        raise _error(
            "Error, provided model name is invalid: {!r}. It begins with a letter or digit and has at most 255 letters, "
            "digits, dashes, dots and underscores.".format(name)
        )


def check_version(version):
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise _error("version should be an int")


def _check_dict(value, what):
    if value is not None and not isinstance(value, dict):
        raise _error("{} must be a dict".format(what))


def _register(workspace, name, body, tags, properties, description, framework, framework_version, datasets):
    """Asks the workspace to keep what `body` names; the Model."""
    check_name(name)
    _check_dict(tags, "Tags")
    _check_dict(properties, "Properties")
    if framework_version and not framework:
        raise _error("Model framework version cannot be provided without a valid framework")
    body = dict(body, name=name, tags=_texts(tags), properties=_texts(properties), description=description or "")
    if framework:
        body["framework"] = "{}:{}".format(framework, framework_version) if framework_version else str(framework)
    for scenario, dataset in datasets or []:
        body["properties"]["azureml.dataset." + scenario] = dataset._saved_id(workspace)
    print("Registering model {}".format(name))
    return Model._of(workspace, workspace._client.post("/models", body))


def _texts(pairs):
    return {str(key): "" if value is None else str(value) for key, value in (pairs or {}).items()}


def _refuse(name, instead):
    from azureml._absent import refuse

    refuse("azureml.core.Model." + name, instead)


class Model:
    """A registered model. Model(workspace, name) is its newest version."""

    class Framework:
        CUSTOM = "Custom"
        ONNX = "Onnx"
        SCIKITLEARN = "ScikitLearn"
        TENSORFLOW = "TensorFlow"
        TFKERAS = "TfKeras"
        MULTI = "Multi"

    def __init__(
        self,
        workspace,
        name=None,
        id=None,
        tags=None,
        properties=None,
        version=None,
        run_id=None,
        model_framework=None,
        expand=True,
        **kwargs
    ):
        if id is not None:
            name, _, number = str(id).partition(":")
            version = int(number) if number.isdigit() else version
        if name is None:
            raise _error("Error, one of id or name must be provided.")
        found = Model.list(workspace, name, tags, properties, run_id, model_framework=model_framework)
        wanted = [one for one in found if version is None or one.version == int(version)]
        if not wanted:
            there = sorted("{}/{}".format(one.name, one.version) for one in Model.list(workspace, name))
            raise _not_found("Model/Version {}/{} not found in workspace. {}".format(name, version, there))
        self._workspace, self._facts = workspace, max(wanted, key=lambda one: one.version)._facts

    @classmethod
    def _of(cls, workspace, facts):
        model = cls.__new__(cls)
        model._workspace, model._facts = workspace, facts
        return model

    # -- what it is -------------------------------------------------------------------------------
    @property
    def workspace(self):
        return self._workspace

    @property
    def name(self):
        return self._facts["name"]

    @property
    def version(self):
        return int(self._facts["version"])

    @property
    def id(self):
        return "{}:{}".format(self.name, self.version)

    @property
    def tags(self):
        return dict(self._facts.get("tags") or {})

    @property
    def properties(self):
        return dict(self._facts.get("properties") or {})

    @property
    def description(self):
        return self._facts.get("description") or ""

    @property
    def run_id(self):
        return self._facts.get("run") or None

    @property
    def run(self):
        from azureml.core.run import Run

        return Run.get(self._workspace, self.run_id) if self.run_id else None

    @property
    def experiment_name(self):
        return self.run.experiment.name if self.run_id else None

    @property
    def model_framework(self):
        return (self._facts.get("framework") or "").partition(":")[0] or None

    @property
    def model_framework_version(self):
        return (self._facts.get("framework") or "").partition(":")[2] or None

    @property
    def url(self):
        return "aml://asset/{}".format(self.id)

    # -- into the workspace -----------------------------------------------------------------------
    @staticmethod
    def register(
        workspace,
        model_path,
        model_name,
        tags=None,
        properties=None,
        description=None,
        datasets=None,
        model_framework=None,
        model_framework_version=None,
        child_paths=None,
        sample_input_dataset=None,
        sample_output_dataset=None,
        resource_configuration=None,
    ):
        """Copies a file or folder of this machine into the workspace as the next version of a model."""
        path = os.path.abspath(model_path)
        if not os.path.exists(path):
            raise _error('Error, provided model path "{}" cannot be found'.format(model_path))
        for child in child_paths or []:
            if not os.path.exists(os.path.join(path, child)):
                raise _error('Error, provided child path "{}" cannot be found'.format(child))
        return _register(
            workspace, model_name, {"path": path}, tags, properties, description, model_framework,
            model_framework_version, datasets,
        )

    @staticmethod
    def list(
        workspace,
        name=None,
        tags=None,
        properties=None,
        run_id=None,
        latest=False,
        dataset_id=None,
        expand=True,
        page_count=255,
        model_framework=None,
    ):
        """The models that fit, the newest version first. `tags` is a list of names and [name, text] pairs."""
        answer = workspace._client.get("/models", name=name)
        found = [Model._of(workspace, one) for one in answer["models"]]
        found = [one for one in found if name is None or one.name == name]
        found = [one for one in found if _has(one.tags, tags) and _has(one.properties, properties)]
        if run_id is not None:
            found = [one for one in found if one.run_id == run_id]
        if model_framework is not None:
            found = [one for one in found if one.model_framework == model_framework]
        found.sort(key=lambda one: (one.name, -one.version))
        if latest:
            found = [one for at, one in enumerate(found) if at == 0 or found[at - 1].name != one.name]
        return found

    # -- out of it --------------------------------------------------------------------------------
    def download(self, target_dir=".", exist_ok=False, exists_ok=None):
        """Copies the model into a folder; the path of the file or folder there."""
        import shutil

        source = self._facts["path"]
        target = os.path.join(target_dir, os.path.basename(source.rstrip("/")))
        if os.path.exists(target) and not (exist_ok or exists_ok):
            raise _error("File already exists. To overwrite, set exist_ok to True. {}".format(target))
        os.makedirs(target_dir, exist_ok=True)
        if os.path.isdir(source):
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
        return target

    @staticmethod
    def get_model_path(model_name, version=None, _workspace=None):
        """The path of a model's file or folder: fetched to azureml-models/NAME/VERSION in the current
        folder in a run; outside of one what lies there, or in the current folder."""
        from azureml._client import in_step

        check_version(version)
        if model_name is None:
            raise _error("model_name is None")
        if version is not None:
            try:
                return Model._path_here(model_name, version)
            except _model_not_found():
                pass
        workspace = _workspace
        if workspace is None and in_step():
            from azureml.core.run import Run

            workspace = Run.get_context().experiment.workspace
        if workspace is None:
            return Model._path_here(model_name, version)
        model = Model(workspace, model_name, version=version)
        folder = os.path.join(_models_folder(), model.name, str(model.version))
        return model.download(folder, exist_ok=True)

    @staticmethod
    def _path_here(name, version):
        models = os.path.join(_models_folder(), name)
        if version is None and os.path.isdir(models):
            numbers = [int(entry) for entry in os.listdir(models) if entry.isdigit()]
            version = max(numbers) if numbers else None
        place = os.path.join(models, str(version))
        if version is not None and os.path.isdir(place):
            entries = sorted(os.listdir(place))
            if len(entries) > 1:
                raise _error("Dir {} can contain only 1 file or folder. Found {}".format(place, entries))
            if entries:
                return os.path.join(place, entries[0])
        if os.path.exists(name):
            return name
        raise _not_found(
            "Model {} not found in cache at {} or in current working directory {}. For more info, set logging level to "
            "DEBUG.".format(name, _models_folder(), os.getcwd())
        )

    # -- changes ------------------------------------------------------------------------------------
    def delete(self):
        self._workspace._client.delete(self._path())

    def add_tags(self, tags):
        self.update_tags_properties(add_tags=tags)
        print("Model tag add operation complete.")

    def remove_tags(self, tags):
        self.update_tags_properties(remove_tags=tags)
        print("Model tag remove operation complete.")

    def add_properties(self, properties):
        self.update_tags_properties(add_properties=properties)
        print("Model properties add operation complete.")

    def update_tags_properties(self, add_tags=None, remove_tags=None, add_properties=None):
        taken = [key for key in add_properties or {} if key in self.properties]
        if taken:
            raise _error("Properties {} are already set, and a property cannot be changed".format(", ".join(taken)))
        there, change = self.tags, {}
        for key, value in (add_tags or {}).items():
            if key in there:
                print("Replacing tag {} -> {} with {} -> {}".format(key, there[key], key, value))
            change[str(key)] = "" if value is None else str(value)
        for key in [remove_tags] if isinstance(remove_tags, str) else remove_tags or []:
            change.update({key: None} if key in there else {})
            if key not in there:
                print("Tag with key {} not found.".format(key))
        if change or add_properties:
            self._change(tags=change, properties=_texts(add_properties))

    def update(
        self, tags=None, description=None, sample_input_dataset=None, sample_output_dataset=None, resource_configuration=None
    ):
        if sample_input_dataset or sample_output_dataset or resource_configuration:
            _refuse("update", "only tags and description can be changed here")
        change = dict(dict.fromkeys(self.tags), **_texts(tags)) if tags else {}
        self._change(tags=change, description=str(description or self.description or ""))

    def _change(self, **what):
        self._facts = self._workspace._client.patch(self._path(), what)

    def _path(self):
        from azureml._client import quote

        return "/models/{}/{}".format(quote(self.name), self.version)

    def add_dataset_references(self, datasets):
        _refuse("add_dataset_references", "give datasets= when you register the model")

    def get_sas_urls(self):
        _refuse("get_sas_urls", "use model.download")

    def serialize(self):
        keys = ("id", "name", "version", "tags", "properties", "description", "run_id", "model_framework", "url")
        return {key: getattr(self, key) for key in keys}

    @staticmethod
    def deserialize(workspace, model_payload):
        """The model of what serialize() gives."""
        return Model(workspace, id=model_payload["id"])

    @staticmethod
    def print_configuration(models, inference_config, deployment_config, deployment_target):
        Model._deployment("print_configuration")

    @staticmethod
    def _deployment(name):
        _refuse(name, "load the model with Model.get_model_path and score in a step")

    @staticmethod
    def deploy(
        workspace, name, models, inference_config=None, deployment_config=None, deployment_target=None, overwrite=False,
        show_output=False,
    ):
        Model._deployment("deploy")

    @staticmethod
    def package(workspace, models, inference_config=None, generate_dockerfile=False, image_name=None, image_label=None):
        Model._deployment("package")

    @staticmethod
    def profile(
        workspace, profile_name, models, inference_config, input_dataset, cpu=None, memory_in_gb=None, description=None
    ):
        Model._deployment("profile")

    def __repr__(self):
        return "Model(workspace={!r}, name={}, id={}, version={}, tags={}, properties={})".format(
            self._workspace, self.name, self.id, self.version, self.tags, self.properties
        )


def _has(pairs, wanted):
    for one in wanted or []:
        name, text = (one, None) if isinstance(one, str) else (one[0], one[1])
        if name not in pairs or text not in (None, pairs[name]):
            return False
    return True


def _models_folder():
    return os.path.join(os.environ.get("AML_APP_ROOT", ""), MODELS_FOLDER)


def _model_not_found():
    from azureml.exceptions import ModelNotFoundException

    return ModelNotFoundException


def __getattr__(name):
    if name in ("InferenceConfig", "ModelPackage", "ModelReuse"):
        from azureml._absent import placeholder

        return placeholder("azureml.core.model." + name, "load the model with Model.get_model_path and score in a step")
    from azureml._also import lookup

    return lookup(__name__, name)
