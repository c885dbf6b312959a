"""azureml.pipeline.steps: its names, each imported when it is first asked for."""
from azureml._lazy import exports

_HERE = "azureml.pipeline.steps."
_ONLY_THERE = "what it starts is in the cloud; do the work in a PythonScriptStep"

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "CommandStep": _HERE + "command_step",
        "EstimatorStep": _HERE + "estimator_step",
        "HyperDriveStep": _HERE + "hyper_drive_step",
        "HyperDriveStepRun": _HERE + "hyper_drive_step",
        "MpiStep": _HERE + "mpi_step",
        "ParallelRunConfig": _HERE + "parallel_run_config",
        "ParallelRunStep": _HERE + "parallel_run_step",
        "PythonScriptStep": _HERE + "python_script_step",
        "RScriptStep": _HERE + "r_script_step",
    },
    {
        "AdlaStep": _ONLY_THERE,
        "AutoMLStep": "train with the library itself (scikit-learn, LightGBM, …) in a PythonScriptStep",
        "AutoMLStepRun": "train with the library itself (scikit-learn, LightGBM, …) in a PythonScriptStep",
        "AzureBatchStep": _ONLY_THERE,
        "DataTransferStep": "copy the files in a PythonScriptStep, from an input to an output",
        "DatabricksStep": _ONLY_THERE,
        "KustoStep": "query in a PythonScriptStep and write the answer to an output",
        "ModuleStep": "make the step with a function of your own, and call it in each pipeline",
        "SynapseSparkStep": "run it with a local pyspark in a PythonScriptStep",
    },
)
