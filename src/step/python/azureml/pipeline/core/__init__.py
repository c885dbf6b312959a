"""azureml.pipeline.core: its names, each imported when it is first asked for."""
from azureml._lazy import exports

_HERE = "azureml.pipeline.core."
_HOMES = {
    "builder": "PipelineData PipelineStep StepSequence",
    "graph": "InputPortBinding OutputPortBinding PipelineDataset PipelineParameter PortDataReference PublishedPipeline "
    "StoredProcedureParameter StoredProcedureParameterType TrainingOutput",
    "pipeline": "Pipeline",
    "pipeline_draft": "PipelineDraft",
    "pipeline_endpoint": "PipelineEndpoint",
    "run": "PipelineRun StepRun StepRunOutput",
    "schedule": "Schedule ScheduleRecurrence TimeZone",
}
_NO_GRAPH = "read the job that amlocal runs: `amlocal export` writes it as v2 YAML"
_NO_MODULE = "make the step with a function of your own, and call it in each pipeline"

__getattr__, __dir__, __all__ = exports(
    __name__,
    {name: _HERE + module for module, names in _HOMES.items() for name in names.split()},
    {
        "Graph": _NO_GRAPH,
        "Module": _NO_MODULE,
        "ModuleVersion": _NO_MODULE,
        "ModuleVersionDescriptor": _NO_MODULE,
        "ModuleDef": _NO_MODULE,
    },
)
