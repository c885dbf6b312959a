from azureml.core import Run

run = Run.get_context()
for n in range(3):
    run.log("loss", 1 / (n + 1), step=n)
run.log_row("sizes", width=3, height=4)
child = run.child_run("fold 1")
child.log("accuracy", 0.75)
child.complete()
run.flush()
