"""The packages of an environment, as a conda file has them."""
CONDA_FILE_NAME = "auto_conda_dependencies.yml"
DEFAULT_SDK_ORIGIN = "https://pypi.python.org/simple"
PYTHON_DEFAULT_VERSION = "3.8.13"  # what the real SDK writes where nobody says a version
CREATE_PYTHON_VERSION = "3.10.18"


def _name_of(requirement):
    """`pandas[x]>=2` → `pandas`"""
    for at, letter in enumerate(requirement):
        if letter in "=<>!~[; ":
            return requirement[:at].lower()
    return requirement.lower()


class CondaDependencies:
    DEFAULT_NUMBER_OF_CONDA_PACKAGES = 1
    DEFAULT_NUMBER_OF_PIP_PACKAGES = 1

    def __init__(self, conda_dependencies_file_path=None, _underlying_structure=None):
        if _underlying_structure is not None:
            self._document = _underlying_structure
        elif conda_dependencies_file_path:
            from azureml import _yaml

            with open(str(conda_dependencies_file_path), encoding="utf-8") as file:
                self._document = _yaml.load(file.read(), conda_dependencies_file_path) or {}
        else:
            self._document = {
                "name": "project_environment",
                "dependencies": ["python=" + PYTHON_DEFAULT_VERSION, {"pip": ["azureml-defaults"]}],
                "channels": ["anaconda", "conda-forge"],
            }
        self._document.setdefault("dependencies", [])

    @staticmethod
    def create(
        pip_indexurl=None, pip_packages=None, conda_packages=None, python_version=CREATE_PYTHON_VERSION, pin_sdk_version=True
    ):
        made = CondaDependencies()
        made.set_python_version(python_version)
        made._document["dependencies"][1]["pip"] = [
            "--find-links {}".format(pip_indexurl or DEFAULT_SDK_ORIGIN + "/index.html"),
            "--extra-index-url " + DEFAULT_SDK_ORIGIN,
        ]
        # Naming packages of one's own takes the default one away.
        for package in ["azureml-defaults"] if pip_packages is None else pip_packages:
            made.add_pip_package(package)
        for package in conda_packages or []:
            if _name_of(package) == "python":
                made.set_python_version(package.partition("=")[2].lstrip("="))
            else:
                made.add_conda_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements):
        """One line a package: of several lines for one package the conditions are joined."""
        merged = {}
        for line in requirements:
            name = _name_of(line)
            conditions = line[len(name) :].strip()
            known = merged.setdefault(name, [line[: len(name)], []])
            if conditions and conditions not in known[1]:
                known[1].append(conditions)
        return [name + ",".join(conditions) for name, conditions in merged.values()]

    @staticmethod
    def sdk_origin_url():
        return DEFAULT_SDK_ORIGIN

    # -- what is in it ----------------------------------------------------------------------------
    def _pip(self, make=False):
        for entry in self._document["dependencies"]:
            if isinstance(entry, dict) and "pip" in entry:
                if entry["pip"] is None:
                    entry["pip"] = []
                return entry["pip"]
        if make:
            self._document["dependencies"].append({"pip": []})
            return self._document["dependencies"][-1]["pip"]
        return []

    @property
    def conda_channels(self):
        return iter(self._document.get("channels") or [])

    @property
    def conda_packages(self):
        return iter([entry for entry in self._document["dependencies"] if not isinstance(entry, dict)])

    @property
    def pip_packages(self):
        return iter([line for line in self._pip() if not line.startswith("-")])

    @property
    def pip_options(self):
        return iter([line for line in self._pip() if line.startswith("-")])

    def get_default_number_of_packages(self):
        return self.DEFAULT_NUMBER_OF_CONDA_PACKAGES, self.DEFAULT_NUMBER_OF_PIP_PACKAGES

    def get_python_version(self):
        for package in self.conda_packages:
            if package.startswith("python="):
                return package.partition("=")[2].lstrip("=")
        return None

    # -- changes ----------------------------------------------------------------------------------
    def set_python_version(self, version):
        line = "python=" + version
        packages = self._document["dependencies"]
        for at, entry in enumerate(packages):
            if not isinstance(entry, dict) and _name_of(entry) == "python":
                packages[at] = line
                return
        packages.insert(0, line)

    def add_channel(self, channel):
        channels = self._document.setdefault("channels", [])
        if channel not in channels:
            channels.append(channel)

    def remove_channel(self, channel):
        if channel in (self._document.get("channels") or []):
            self._document["channels"].remove(channel)

    def add_conda_package(self, conda_package):
        if conda_package not in self._document["dependencies"]:
            self._document["dependencies"].append(conda_package)

    def remove_conda_package(self, conda_package):
        if conda_package in self._document["dependencies"]:
            self._document["dependencies"].remove(conda_package)

    def add_pip_package(self, pip_package):
        if not pip_package.startswith("-"):
            self.remove_pip_package(_name_of(pip_package))
        self._pip(make=True).append(pip_package)

    def remove_pip_package(self, pip_package):
        lines = self._pip()
        lines[:] = [line for line in lines if line.startswith("-") or _name_of(line) != _name_of(pip_package)]

    def set_pip_option(self, pip_option):
        lines = self._pip(make=True)
        if pip_option not in lines:
            lines.insert(sum(1 for line in lines if line.startswith("-")), pip_option)

    def remove_pip_option(self, pip_option):
        lines = self._pip()
        lines[:] = [line for line in lines if not (line.startswith("-") and line.split()[0] == pip_option.split()[0])]

    def set_pip_index_url(self, index_url):
        self.set_pip_option(index_url)

    def set_pip_requirements(self, pip_requirements):
        self._pip(make=True)[:] = list(pip_requirements)

    def add_tensorflow_conda_package(self, core_type="cpu", version=None):
        self.add_conda_package(_tensorflow(core_type) + ("=" + version if version else ""))

    def add_tensorflow_pip_package(self, core_type="cpu", version=None):
        self.add_pip_package(_tensorflow(core_type) + ("==" + version if version else ""))

    def add_cntk_package(self, core_type="cpu"):
        from azureml import _absent

        _absent.refuse("CondaDependencies.add_cntk_package", "name the package with add_pip_package")

    # -- as text ----------------------------------------------------------------------------------
    def as_dict(self):
        return self._document

    def serialize_to_string(self):
        from azureml import _yaml

        return "# The packages of an Azure ML environment; conda reads this file.\n" + _yaml.dump(self._document)

    def save(self, path=None):
        import os

        target = str(path or CONDA_FILE_NAME)
        if os.path.isdir(target):
            target = os.path.join(target, "conda_dependencies.yml")
        os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(self.serialize_to_string())
        return target

    def save_to_file(self, base_directory, conda_file_path=None):
        import os

        name = conda_file_path or CONDA_FILE_NAME
        self.save(os.path.join(str(base_directory), str(name)))
        return name


def _tensorflow(core_type):
    if core_type not in ("cpu", "gpu"):
        raise ValueError("Invalid core_type {}; use cpu or gpu".format(core_type))
    return "tensorflow-gpu" if core_type == "gpu" else "tensorflow"
