"""A v1 job as v2 YAML files: pipeline.yml, a component file a step, a conda file an environment.

What the `v1` objects say is put into v2's words where there are any. The rest is told in no-counterpart.md, one line each.
"""
import json
import os
import re
import shutil

NOTES = "no-counterpart.md"
SCHEMA = "https://azuremlschemas.azureedge.net/latest/{}.schema.json"
# Keys of a step that its component says; the others stay with the step in pipeline.yml.
OF_THE_COMPONENT = ("command", "code", "environment", "environment_variables", "distribution", "is_deterministic")


_exported, _single = [], []  # the runs' ids, in order; of those the ones that are no pipelines


def next_target(run_id):
    """Where the next submission goes: the first into the folder in AMLOCAL_EXPORT, the others into 2, 3 … below it."""
    _exported.append(run_id)
    target = os.environ["AMLOCAL_EXPORT"]
    return target if len(_exported) == 1 else os.path.join(target, str(len(_exported)))


def run_job(run_id, job, files):
    """Writes the job instead of running it; the script goes on, and its run is over."""
    target = next_target(run_id)
    if job.get("type") != "pipeline":
        _single.append(run_id)
    notes = write(job, files, target)
    print(os.path.join(target, "pipeline.yml"))
    for note in notes:
        print("note: " + note)
    return Exported(run_id)


def answer(method, path):
    """What the gateway would say of such a run; None where the path is none of one. A script that asks for what only a
    run can know ends here: there is none."""
    parts = path.split("/")
    if parts[:2] != ["", "runs"] or len(parts) < 3 or parts[2] not in _exported:
        return None
    if parts[3:] == ["logs"]:
        return {"logs": []}
    if parts[3:] == ["children"] and parts[2] in _single:  # where waiting looks for its log
        return {"runs": []}
    if len(parts) == 3:
        return {"id": parts[2], "name": parts[2], "root": parts[2], "kind": "pipeline", "status": "Completed"}
    print("the script asks for the {} of a run, and it was exported, not run: it ends here".format(parts[3]))
    raise SystemExit(0)


class Exported:
    """In the place of _running.Running: a run that has ended before it began."""

    status, ended, steps, order, notices, outputs, registered = "Completed", True, {}, (), (), (), ()

    def __init__(self, run_id):
        self.id = run_id

    def wait_until(self, condition, seconds=None):
        return True

    def errors(self):
        return ""

    def cancel(self):
        pass

    join = cancel


def write(job, files, target):
    """The notes. `target` appears when it is complete."""
    partial = target.rstrip("/") + ".part"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        export = Export(job, target, partial)
        made = export.pipeline()
        for name, text in files.items():
            export.keep("components/" + name, text)
        export.keep("pipeline.yml", _yaml(made))
        export.keep(NOTES, "".join("- {}\n".format(note) for note in export.notes) or "Nothing.\n")
        os.replace(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return export.notes


class Export:
    def __init__(self, job, target, partial):
        self.job, self.target, self.partial = job, os.path.abspath(target), partial
        if job.get("type") != "pipeline":  # a script submitted alone: a pipeline of one step
            self.job = _around(job)
        self.notes, self._files = [], {}

    def keep(self, name, text):
        path = os.path.join(self.partial, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def note(self, step, text):
        self.notes.append("{}: {}".format(step, text))

    # -- the pipeline ---------------------------------------------------------------------------------
    def pipeline(self):
        job = {key: value for key, value in self.job.items() if key not in ("v1", "jobs", "properties")}
        settings = dict(job.get("settings") or {})
        if any(not step.get("compute") for step in self.job["jobs"].values()):
            settings["default_compute"] = "azureml:cpu-cluster"
            self.notes.append("settings.default_compute: v1 ran on this machine; put your cluster's name there")
        settings.pop("force_rerun", None)
        job["settings"] = settings
        if job.get("outputs"):
            job["outputs"] = {name: _without_v1(each) for name, each in job["outputs"].items()}
        job["jobs"] = {}
        wait = {}  # step → outputs that exist only so that others wait for it
        for key, step in self.job["jobs"].items():
            for before in step.get("v1", {}).get("after", []):
                wait.setdefault(before, []).append(key)
        for key, step in self.job["jobs"].items():
            job["jobs"][key] = self.step(key, step, bool(wait.get(key)))
        return job

    def step(self, key, step, awaited):
        if step["type"] != "command":
            return self.other(key, step)
        inputs, outputs = dict(step.get("inputs") or {}), dict(step.get("outputs") or {})
        for name, each in list(inputs.items()) + list(outputs.items()):
            self.tell(key, name, each)
        declared = {name: {"type": self.type_of(each)} for name, each in inputs.items()}
        made = {name: {"type": each["type"]} for name, each in outputs.items()}
        inputs = {name: _without_v1(each) for name, each in inputs.items()}
        outputs = {name: _without_v1(each) for name, each in outputs.items()}
        for before in step.get("v1", {}).get("after", []):
            declared["after_" + before] = {"type": "uri_folder"}
            inputs["after_" + before] = "${{parent.jobs.%s.outputs.step_done}}" % before
            self.note(key, "run_after({}) became an input that takes its empty output step_done".format(before))
        if awaited:
            made["step_done"], outputs["step_done"] = {"type": "uri_folder"}, {"type": "uri_folder"}
        component = {"$schema": SCHEMA.format("commandComponent"), "type": "command", "name": key, "version": "1"}
        if step.get("display_name"):
            component["display_name"] = step["display_name"]
        said = {name: step[name] for name in OF_THE_COMPONENT if name in step}
        if declared:
            component["inputs"] = declared
        if made:
            component["outputs"] = made
        component.update(said)
        component["code"] = self.relative(step["code"]) if step.get("code") else "."
        component["environment"] = self.environment(step.get("environment"))
        self.variables(key, component)
        self.keep("components/{}.yml".format(key), _yaml(component))
        node = {"type": "command", "component": "./components/{}.yml".format(key)}
        node.update({name: step[name] for name in ("compute", "resources", "limits") if name in step})
        if inputs:
            node["inputs"] = inputs
        if outputs:
            node["outputs"] = outputs
        return node

    def other(self, key, step):
        """A parallel or sweep step: as it is, with its paths as this folder sees them."""
        def walk(value, name=None):
            if isinstance(value, dict):
                return {each: walk(below, each) for each, below in value.items() if each != "v1"}
            if isinstance(value, list):
                return [walk(each) for each in value]
            return self.relative(value, self.target) if name == "code" and isinstance(value, str) else value

        for name, each in list((step.get("inputs") or {}).items()) + list((step.get("outputs") or {}).items()):
            self.tell(key, name, each)
        if step.get("v1", {}).get("after"):
            self.note(key, "run_after({}) is lost: v2 orders steps only by data".format(", ".join(step["v1"]["after"])))
        return walk(step)

    # -- parts ------------------------------------------------------------------------------------------
    def type_of(self, value):
        if isinstance(value, dict):
            return value["type"]
        bound = re.match(r"\$\{\{parent\.inputs\.(\w+)\}\}$", value) if isinstance(value, str) else None
        if bound:
            return self.type_of(self.job["inputs"][bound.group(1)])
        kinds = ((bool, "boolean"), (int, "integer"), (float, "number"))
        return next((name for kind, name in kinds if isinstance(value, kind)), "string")

    def relative(self, path, start=None):
        start = start or os.path.join(self.target, "components")
        return os.path.relpath(path, start) if os.path.isabs(path) else path

    def environment(self, environment):
        """By reference as it is; a whole one with its conda file in a folder of these."""
        if not isinstance(environment, dict):
            return environment or "azureml:default:1"
        made = {key: value for key, value in environment.items() if key != "name"}
        if isinstance(made.get("conda_file"), dict):
            text = _yaml(made["conda_file"])
            stem = re.sub(r"\W+", "-", environment.get("name") or "environment").strip("-").lower()
            name = self._files.setdefault(text, "{}{}.yml".format(stem, len(self._files) or ""))
            self.keep("environments/" + name, text)
            made["conda_file"] = "../environments/" + name
        return made

    def variables(self, key, component):
        """Variables that hold an input's or output's place are exported by the command: v2 fills in nothing there."""
        fixed, exports = {}, []
        for name, value in component.pop("environment_variables", {}).items():
            if "${{" not in str(value):
                fixed[name] = value
            elif re.match(r"[A-Za-z_]\w*$", name):
                exports.append('export {}="{}"'.format(name, value))
            else:
                self.note(key, "the variable {} cannot be set by a shell; v1 set it to {}".format(name, value))
        if fixed:
            component["environment_variables"] = fixed
        if exports and "command" in component:
            component["command"] = " && ".join(exports + [component["command"]])

    def tell(self, key, name, port):
        """What v1 says of an input or output that v2 cannot."""
        block = port.get("v1", {}) if isinstance(port, dict) else {}
        where = "{}.{}".format(key, name)
        if block.get("kind") == "pipeline_data" and "mode" in port and "${{parent.jobs" not in port.get("path", ""):
            self.note(where, "PipelineData's folder is there before the script starts in v2: os.makedirs needs "
                             "exist_ok=True, and a script that wrote one file of that name writes into the folder")
        if block.get("path_on_compute"):
            self.note(where, "path_on_compute {} is lost: the script must take the path as an argument".format(
                block["path_on_compute"]))
        if block.get("source_globs"):
            self.note(where, "source_globs {} is lost: all files are uploaded".format(json.dumps(block["source_globs"])))
        if block.get("kind") == "output_file_dataset" and port.get("mode") == "upload" and not block.get("overwrite"):
            self.note(where, "overwrite=False is lost: an upload replaces files that are there")
        if block.get("kind") == "link":
            self.note(where, "as_link has no counterpart: the output is a folder of its own")
        if block.get("dataset"):
            self.note(where, "dataset {}:{} became the place of its files; register it with `az ml data create` to name "
                             "it".format(block["dataset"].get("name") or "(unnamed)", block["dataset"].get("version") or "1"))
        if block.get("table"):
            self.note(where, "how the table is read (delimiter, columns) is lost: use an MLTable file")


def _around(job):
    """A pipeline of one command job."""
    step = {key: value for key, value in job.items() if key not in ("$schema", "experiment_name", "tags", "properties")}
    made = {"$schema": SCHEMA.format("pipelineJob"), "type": "pipeline", "settings": {}, "jobs": {"script": step}}
    made.update({key: job[key] for key in ("experiment_name", "tags") if key in job})
    return made


def _without_v1(value):
    return {key: each for key, each in value.items() if key != "v1"} if isinstance(value, dict) else value


def _yaml(value):
    from azureml import _yaml

    return _yaml.dump(value)
