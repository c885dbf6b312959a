"""MLClient.data, .environments, .models and .components on this machine."""
import os
import shutil

from amlocal import _v2, _v2_dump
from amlocal._v2 import Operations, not_found


def _quote(word):
    from azureml import _client

    return _client.quote(word)


def wanted_version(kind, name, version, label):
    """The version to look for; None is the latest. As the real client: one of version and label."""
    if version and label:
        raise _invalid("Cannot specify both version and label.")
    if not version and not label:
        raise _invalid("Must provide either version or label.")
    if label and label != "latest":
        raise not_found("{} {} has no label {}; here only 'latest' is one".format(kind, name, label))
    return version


def _invalid(text):
    from azure.ai.ml.exceptions import ErrorCategory, ErrorTarget, ValidationException

    return ValidationException(message=text, no_personal_data_message=text, target=ErrorTarget.ASSET,
                               error_category=ErrorCategory.USER_ERROR)


class Assets(Operations):
    """What all have: put aside and taken back. `_kind` names the documents that remember it."""

    _kind = "asset"

    def archive(self, name, version=None, label=None, **kwargs):
        self._keep("archived_" + self._kind, name, {"name": name, "version": version, "archived": True})

    def restore(self, name, version=None, label=None, **kwargs):
        self._keep("archived_" + self._kind, name, {"name": name, "version": version, "archived": False})

    def _listed(self, entities, view):
        """Those of the view: ActiveOnly, ArchivedOnly or All."""
        view = str(getattr(view, "value", view))
        aside = {each["name"]: each["version"] for each in self._documents("archived_" + self._kind) if each["archived"]}
        for entity in entities:
            hidden = entity.name in aside and aside[entity.name] in (None, entity.version)
            if view == "All" or hidden == (view == "ArchivedOnly"):
                yield entity


class Data(Assets):
    _kind = "data"

    def create_or_update(self, data):
        body = {"name": data.name, "type": data.type, "path": self._path_of(data)}
        if data.version:
            body["version"] = str(data.version)
        made = self._door.post("/data", body)
        # amlocal's own record has no description and no tags.
        self._keep("data_words", made["name"], {"description": data.description, "tags": data.tags or {},
                                                "properties": data.properties or {}}, version=made["version"])
        return self._entity(made)

    def _path_of(self, data):
        base = getattr(data, "base_path", None) or os.getcwd()
        path = _v2_dump.local_path(str(data.path), str(base))
        if "://" not in path and not os.path.exists(path):
            raise _invalid("No such file or directory: {} (the path of data asset {})".format(path, data.name))
        return path

    def get(self, name, version=None, label=None):
        version = wanted_version("data", name, version, label)
        found = self._door.find("/data/" + _quote(name), version=version)
        if found is None:
            raise not_found("(UserError) Data {}:{} was not found; `amlocal data list` names what there is".format(
                name, version or label))
        return self._entity(found)

    def list(self, name=None, *, list_view_type="ActiveOnly"):
        found = [each for each in self._door.get("/data")["data"] if name in (None, each["name"])]
        return self._listed([self._entity(each) for each in found], list_view_type)

    def _entity(self, record):
        from azure.ai.ml.entities import Data as Entity

        words = self._document("data_words", record["name"], record["version"]) or {}
        entity = Entity(name=record["name"], version=record["version"], type=record["type"], path=record["path"], **words)
        entity._id = "azureml:{}:{}".format(record["name"], record["version"])
        return entity


class Environments(Assets):
    _kind = "environment"

    def create_or_update(self, environment):
        spec = _v2_dump.document(environment)
        version = str(environment.version) if environment.version and not environment._auto_increment_version else None
        made = self._door.put("/documents/environment_v2/" + _quote(environment.name), spec, version=version)
        return self.get(environment.name, made["version"])

    def get(self, name, version=None, label=None):
        version = wanted_version("environment", name, version, label)
        found = self._door.find("/documents/environment_v2/" + _quote(name), version=version)
        if found is None:
            raise not_found("(UserError) Environment {}:{} was not found; steps run in your own Python: `amlocal env "
                            "use {} PYTHON` says which".format(name, version or label, name))
        return _environment(found)

    def list(self, name=None, *, list_view_type="ActiveOnly"):
        found = [_environment(each) for each in self._door.get("/documents/environment_v2")["documents"]]
        return self._listed([each for each in found if name in (None, each.name)], list_view_type)


def _environment(document):
    from azure.ai.ml.entities import BuildContext, Environment

    spec = document["content"]
    words = {key: spec[key] for key in ("description", "tags", "properties", "image", "conda_file") if spec.get(key)}
    if spec.get("build"):
        words["build"] = BuildContext(**spec["build"])
    environment = Environment(name=document["name"], version=document["version"], **words)
    environment._id = "azureml:{}:{}".format(document["name"], document["version"])
    return environment


class Models(Assets):
    _kind = "model"

    def create_or_update(self, model):
        path = self._source(str(model.path), str(getattr(model, "base_path", None) or os.getcwd()))
        made = self._door.post("/models", {
            "name": model.name, "path": path, "type": str(model.type or "custom_model"), "run": model.job_name or "",
            "description": model.description or "", "tags": model.tags or {}, "properties": model.properties or {}})
        return self._entity(made)

    def _source(self, path, base):
        """The file or folder that azureml://jobs/JOB/outputs/NAME/paths/… , runs:/RUN/… or a local path means."""
        import re

        output = re.match(r"(?:azureml:)?(?://|azureml://)?.*jobs/([^/]+)/outputs/([^/]+)(?:/(?:paths/)?(.*))?$", path)
        if path.startswith("azureml:") and output:
            run, name, below = output.groups()
            if name == "artifacts":
                return self._artifact(run, below)
            for each in self._door.get("/runs/{}/outputs".format(_quote(run)))["outputs"]:
                if each["name"] == name:
                    return os.path.normpath(os.path.join(each["path"], below or ""))
            raise not_found("Job {} has no output {}".format(run, name))
        artifact = re.match(r"runs:/([^/]+)/(.*)$", path)
        if artifact:
            return self._artifact(*artifact.groups())
        return _v2_dump.local_path(path, base)

    def _artifact(self, run, below):
        """A copy of what a run has logged there."""
        from azureml import _client, _submit

        folder = _submit.definitions_folder("model-" + run)
        below = (below or "").strip("/")
        # What a command job's script writes is with its one step.
        steps = self._door.get("/runs/{}/children".format(_quote(run)))["runs"]
        for owner in [run] + ([steps[0]["id"]] if len(steps) == 1 else []):
            files = [each["path"] for each in self._door.get("/runs/{}/files".format(_quote(owner)))["files"]]
            chosen = [path for path in files if path == below or path.startswith(below + "/") or not below]
            for path in chosen:
                source = "/runs/{}/files/{}".format(_quote(owner), _client.quote_path(path))
                self._door.download(source, os.path.join(folder, path))
            if chosen:
                break
        else:
            raise not_found("Job {} has no file or folder {} among its artifacts".format(run, below))
        return os.path.join(folder, below)

    def get(self, name, version=None, label=None):
        version = wanted_version("model", name, version, label)
        found = self._door.get("/models", name=name)["models"]
        found = [each for each in found if version in (None, each["version"])]
        if not found:
            raise not_found("(UserError) Model {}:{} was not found; `amlocal model list` names what there is".format(
                name, version or label))
        return self._entity(max(found, key=lambda each: _number(each["version"])))

    def list(self, name=None, stage=None, *, list_view_type="ActiveOnly"):
        found = self._door.get("/models", name=name)["models"]
        return self._listed([self._entity(each) for each in found], list_view_type)

    def download(self, name, version, download_path="."):
        """Copies the model below download_path/NAME, where the real client has it."""
        source = self.get(name, str(version)).path
        target = os.path.join(os.path.abspath(str(download_path)), name)
        os.makedirs(target, exist_ok=True)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, os.path.basename(source.rstrip("/"))), dirs_exist_ok=True)
        else:
            shutil.copy2(source, target)

    def _entity(self, record):
        from azure.ai.ml.entities import Model as Entity

        entity = Entity(name=record["name"], version=record["version"], type=record["type"], path=record["path"],
                        description=record.get("description"), tags=record.get("tags"), properties=record.get("properties"),
                        job_name=record.get("run") or None)
        entity._id = "azureml:{}:{}".format(record["name"], record["version"])
        return entity


class Components(Assets):
    _kind = "component"

    def _folder(self, name):
        return os.path.join(self.root, ".amlocal", "components", name)

    def _versions(self, name):
        """The oldest first."""
        folder = self._folder(name)
        files = [file[:-4] for file in os.listdir(folder) if file.endswith(".yml")] if os.path.isdir(folder) else []
        return sorted(files, key=_number)

    def create_or_update(self, component, version=None, *, skip_validation=False, **kwargs):
        """Keeps the component as a file, for which azureml:NAME:VERSION stands from now on."""
        if not hasattr(component, "_to_dict"):  # what @dsl.pipeline decorates
            component = component._pipeline_builder.build()
        if not skip_validation:
            component._validate(raise_error=True)
        if not version and getattr(component, "_auto_increment_version", False):
            component.version = None
        version = str(version or component.version or _after(self._versions(component.name)))
        content = dict(_v2_dump.document(component), name=component.name, version=version)
        file = _v2_dump.write(os.path.join(self._folder(component.name), version + ".yml"), content)
        _v2.program("component", "map", "azureml:{}:{}".format(component.name, version), file)
        return self.get(component.name, version)

    def get(self, name, version=None, label=None):
        versions = self._versions(name)
        chosen = str(version) if version else versions[-1] if versions else None
        if chosen not in versions:
            raise not_found("(UserError) Component {}:{} was not found; `amlocal component list` names what there is".format(
                name, version or label or "latest"))
        from azure.ai.ml import load_component

        return load_component(os.path.join(self._folder(name), chosen + ".yml"))

    def list(self, name=None, *, list_view_type="ActiveOnly"):
        folder = os.path.dirname(self._folder("x"))
        names = [name] if name else sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        found = [self.get(each, version) for each in names for version in self._versions(each)]
        return self._listed(found, list_view_type)

    def validate(self, component, raise_on_failure=False, **kwargs):
        return component._validate(raise_error=raise_on_failure)


def _number(version):
    """Numbers by value, before words."""
    return (0, int(version), "") if version.isdigit() else (1, 0, version)


def _after(versions):
    return 1 + max([int(version) for version in versions if version.isdigit()] or [0])
