"""MpiStep: one Python script in several processes."""
from azureml.pipeline.steps.python_script_step import PythonScriptStep


class MpiStep(PythonScriptStep):
    def __init__(
        self,
        name=None,
        source_directory=None,
        script_name=None,
        arguments=None,
        compute_target=None,
        node_count=None,
        process_count_per_node=None,
        inputs=None,
        outputs=None,
        allow_reuse=True,
        version=None,
        hash_paths=None,
        **kwargs
    ):
        from azureml.core.runconfig import RunConfiguration

        for what, given in (
            ("name", name),
            ("source_directory", source_directory),
            ("script_name", script_name),
            ("compute_target", compute_target),
            ("node_count", node_count),
            ("process_count_per_node", process_count_per_node),
        ):
            if given is None:
                raise ValueError("{} is required".format(what))
        runconfig = RunConfiguration(communicator="Mpi")
        counts = {"NodeCount": node_count, "MpiProcessCountPerNode": process_count_per_node}
        super().__init__(
            script_name,
            name,
            arguments,
            compute_target,
            runconfig,
            counts,
            inputs,
            outputs,
            kwargs.get("params"),
            source_directory,
            allow_reuse,
            version,
            hash_paths,
        )
