from azureml.core import Experiment, ScriptRunConfig, Workspace

ws = Workspace.from_config()
for name in ("a", "b"):
    run = Experiment(ws, "e").submit(ScriptRunConfig("src", "score.py", arguments=[name]))
    run.wait_for_completion()
