"""config.json: which workspace a project means, and where the file is looked for."""
import os

FOLDERS = (".azureml", "aml_config", "")
NAMES = ("config.json", "project.json")


def _error(text):
    from azureml.exceptions import UserErrorException

    return UserErrorException(text)


def find(start, file_name=None):
    """The file, or None. One kind of folder is tried up to the root before the next kind."""
    start = os.path.abspath(start)
    if os.path.isfile(start):
        return start
    names = (file_name,) if file_name else NAMES
    for folder in FOLDERS:
        place = start
        while True:
            for name in names:
                file = os.path.join(place, folder, name)
                if os.path.isfile(file):
                    return file
            above = os.path.dirname(place)
            if above == place:
                break
            place = above
    return None


def not_found(start):
    return _error(
        "We could not find config.json in: {} or in its parent directories. Please provide the full path to the config "
        "file or ensure that config.json exists in the parent directories.".format(os.path.abspath(start))
    )


def read(file):
    """{"subscription_id", "resource_group", "workspace_name"}"""
    import json

    try:
        with open(file, encoding="utf-8-sig") as opened:
            document = json.load(opened)
    except ValueError as error:
        raise _error("{} is not JSON: {}".format(file, error)) from None
    if not isinstance(document, dict):
        document = {}
    scope = str(document.get("Scope") or "").strip("/").split("/")
    if len(scope) >= 8:
        document = {"subscription_id": scope[1], "resource_group": scope[3], "workspace_name": scope[7]}
    try:
        return {key: document[key] for key in ("subscription_id", "resource_group", "workspace_name")}
    except KeyError:
        raise _error(
            "The config file found in: {} does not seem to contain the required parameters. Please make sure it contains "
            "your subscription_id, resource_group and workspace_name.".format(file)
        ) from None


def write(folder, file_name, scope):
    import json

    target = os.path.join(folder, ".azureml")
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, file_name or "config.json"), "w") as file:
        json.dump({"Id": None, "Scope": scope}, file, indent=4)
        file.write("\n")
