"""A job or component of azure-ai-ml as the YAML that amlocal reads: the SDK's own dump with local paths made absolute."""
import json
import os
import re

# Keys whose text may be a folder or file of this machine.
PATHS = ("path", "code", "conda_file", "file", "folder")
# What the dump of a job has from the service, and its YAML has not.
OF_THE_SERVICE = ("creation_context", "id", "log_files", "parameters", "status", "resource_id")


def document(entity, base=None):
    """Plain dicts and lists of the entity's dump. `base`: the folder that relative paths are meant from."""
    base = base or getattr(entity, "base_path", None) or os.getcwd()
    content = {key: value for key, value in _plain(entity._to_dict()).items() if key not in OF_THE_SERVICE}
    return _absolute(content, str(base))


def write(path, content):
    """A YAML file that appears when it is complete."""
    import yaml

    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file, sort_keys=False, allow_unicode=True, width=110)
    os.replace(path + ".part", path)
    return path


def _plain(value):
    """Dates, paths and ordered mappings as JSON has them."""
    return json.loads(json.dumps(value, default=str))


def _absolute(value, base, key=None):
    if isinstance(value, dict):
        # An anonymous environment's name and hash are the service's, and say nothing that its content does not.
        if value.get("name") == "CliV2AnonymousEnvironment":
            value = {name: each for name, each in value.items() if name not in ("name", "version")}
        return {name: _absolute(each, base, name) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_absolute(each, base) for each in value]
    if isinstance(value, str) and key in PATHS:
        return local_path(value, base)
    return value


def local_path(text, base):
    """`text`, and where it means a file or folder of this machine its absolute path.

    The dump writes `azureml:` before whatever an Input's path is, also before ./data."""
    meant = text[len("azureml:") :] if text.startswith("azureml:") and not text.startswith("azureml://") else text
    if text != meant and not meant.startswith((".", "/", "~")) and re.search(r"[:@]", meant) and "/" not in meant:
        return text  # an asset: azureml:NAME:VERSION
    if meant.startswith("file://"):
        return meant[len("file://") :]
    if "://" in meant or "${{" in meant or "\n" in meant:
        return text if "://" in text else meant
    if re.match(r"git(\+|@)", meant):
        return meant
    return os.path.abspath(os.path.join(base, os.path.expanduser(meant)))  # base_path may be relative itself


def relative(value, folder, key=None):
    """The same with local paths as they are seen from `folder`."""
    if isinstance(value, dict):
        return {name: relative(each, folder, name) for name, each in value.items()}
    if isinstance(value, list):
        return [relative(each, folder) for each in value]
    return os.path.relpath(value, folder) if key in PATHS and isinstance(value, str) and os.path.isabs(value) else value
