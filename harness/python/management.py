"""Calls in a step's code that only somebody who is logged in may make. argv[1] is the folder of the code.

One JSON object on stdout: {"calls": [{"file", "line", "what"}]}. Nothing is imported or run.
"""
import ast
import json
import os
import sys

# What is called → what the cloud would do in a job. Source: sdk-v1 notes 2.4 and 5; the login is interactive there.
OF_CLASS = {
    "Workspace": {"from_config", "get", "create", "setup", "list"},
    "MLClient": {"from_config"},
    "ComputeTarget": {"create", "attach"},
    "AmlCompute": {"provisioning_configuration"},
    "PipelineEndpoint": {"publish", "get"},
    "Experiment": {"submit"},
}
BUILT = {"Workspace", "MLClient", "InteractiveLoginAuthentication", "InteractiveBrowserCredential"}
MODULES = ("azureml", "azure.ai.ml", "azure.identity")


class Calls(ast.NodeVisitor):
    def __init__(self):
        self.names = {}  # local name → the SDK's
        self.found = []

    def visit_ImportFrom(self, node):
        if node.module and node.module.startswith(MODULES):
            for alias in node.names:
                self.names[alias.asname or alias.name] = alias.name

    def visit_Call(self, node):
        self.generic_visit(node)
        target = node.func
        if isinstance(target, ast.Name) and self.names.get(target.id) in BUILT:
            self.found.append((node.lineno, self.names[target.id] + "(…)"))
        if isinstance(target, ast.Attribute):
            owner = target.value
            name = None
            if isinstance(owner, ast.Name):
                name = self.names.get(owner.id)
            elif isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name):
                name = self.names.get(owner.func.id)
            if target.attr in OF_CLASS.get(name, ()):
                self.found.append((node.lineno, "{}.{}(…)".format(name, target.attr)))


def main(folder):
    calls = []
    for where, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if not file.endswith(".py"):
                continue
            path = os.path.join(where, file)
            try:
                with open(path, "rb") as source:
                    tree = ast.parse(source.read(), path)
            except (SyntaxError, ValueError):
                continue  # the run itself tells of it
            visitor = Calls()
            visitor.visit(tree)
            relative = os.path.relpath(path, folder)
            calls += [{"file": relative, "line": line, "what": what} for line, what in sorted(visitor.found)]
    return {"calls": calls}


print(json.dumps(main(sys.argv[1])))
