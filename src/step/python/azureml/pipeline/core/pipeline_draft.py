"""PipelineDraft: a pipeline that is still being changed. Of a run it makes a copy that can be changed: a clone."""
from azureml.pipeline.core import _documents

_KIND = "pipeline_draft"


class PipelineDraft:
    def __init__(
        self,
        workspace,
        id,
        name=None,
        description=None,
        experiment_name=None,
        tags=None,
        properties=None,
        graph_draft_id=None,
        parent_pipeline_id=None,
        parent_pipeline_run_id=None,
        parent_step_run_ids=None,
        parent_pipeline_draft_id=None,
        last_submitted_pipeline_run_id=None,
        _content=None,
    ):
        self._workspace, self._id = workspace, id
        self._content = _content or _documents.get(_KIND, id, "PipelineDraft")

    @staticmethod
    def create(
        workspace,
        pipeline,
        name=None,
        description=None,
        experiment_name=None,
        pipeline_parameters=None,
        continue_on_step_failure=None,
        tags=None,
        properties=None,
        _workflow_provider=None,
        _service_endpoint=None,
    ):
        import uuid

        template, content = _template_of(pipeline)
        if content.get("made_of") == "pipeline":
            for what, given in (("name", name), ("experiment_name", experiment_name)):
                if given is None:
                    raise ValueError("{} can not be None".format(what))
        content = dict(
            content,
            name=name or content.get("name"),
            description=description or content.get("description"),
            experiment_name=experiment_name or content.get("experiment_name"),
            tags=dict(content.get("tags") or {}, **(tags or {})),
            properties=properties or {},
            template=template,
            parameters=pipeline_parameters or {},
            last_run=None,
        )
        if continue_on_step_failure is not None:
            template["job"]["settings"]["continue_on_step_failure"] = bool(continue_on_step_failure)
        made = str(uuid.uuid4())
        _documents.put(_KIND, made, content)
        return PipelineDraft(workspace, made, _content=content)

    @staticmethod
    def get(workspace, id, _workflow_provider=None, _service_endpoint=None):
        return PipelineDraft(workspace, id)

    @staticmethod
    def list(workspace, tags=None, _workflow_provider=None, _service_endpoint=None):
        return [
            PipelineDraft(workspace, made, _content=content)
            for made, content in _documents.all_of(_KIND).items()
            if all((content.get("tags") or {}).get(key) == value for key, value in (tags or {}).items())
        ]

    def update(
        self,
        pipeline=None,
        name=None,
        description=None,
        experiment_name=None,
        tags=None,
        pipeline_parameters=None,
        continue_on_step_failure=None,
    ):
        changes = {
            "name": name,
            "description": description,
            "experiment_name": experiment_name,
            "tags": tags,
            "parameters": pipeline_parameters,
            "template": _template_of(pipeline)[0] if pipeline is not None else None,
        }
        content = dict(self._content, **{key: value for key, value in changes.items() if value is not None})
        if continue_on_step_failure is not None:
            content["template"]["job"]["settings"]["continue_on_step_failure"] = bool(continue_on_step_failure)
        self._keep(content)

    def _keep(self, content):
        _documents.put(_KIND, self._id, content)
        self._content = content

    def delete(self):
        _documents.remove(_KIND, self._id)

    # -- members --------------------------------------------------------------------------------------
    @property
    def id(self):
        return self._id

    @property
    def name(self):
        return self._content["name"]

    @property
    def description(self):
        return self._content["description"]

    @property
    def tags(self):
        return self._content["tags"]

    @property
    def properties(self):
        return self._content["properties"]

    @property
    def last_submitted_pipeline_run_id(self):
        return self._content["last_run"]

    @property
    def parent_pipeline_id(self):
        return self._content.get("parent_pipeline")

    @property
    def parent_pipeline_run_id(self):
        return self._content.get("parent_run")

    @property
    def parent_pipeline_draft_id(self):
        return self._content.get("parent_draft")

    @property
    def parent_step_run_ids(self):
        return self._content.get("parent_steps") or []

    def get_graph(self, _workflow_provider=None):
        from azureml import _absent

        _absent.refuse("PipelineDraft.get_graph", "PipelineDraft.save(path) writes its job")

    def save(self, path=None):
        """Writes its job to a file: JSON, which is YAML. The path."""
        import json

        from azureml import _template

        target = str(path or "{}.yml".format(self.name))
        with open(target, "w", encoding="utf-8") as file:
            json.dump(_template.filled(self._content["template"], self._content["parameters"]), file, indent=2)
        return target

    # -- what becomes of it ---------------------------------------------------------------------------
    def submit_run(self):
        from azureml.core.experiment import Experiment

        return self._submit_to(Experiment(self._workspace, self._content["experiment_name"]))

    def _submit_to(self, experiment, tags=None, **kwargs):
        from azureml import _template

        content = self._content
        run = _template.run(content["template"], experiment, content["parameters"], dict(content["tags"], **(tags or {})))
        self._keep(dict(content, last_run=run.id))
        return run

    def publish(self):
        from azureml import _template
        from azureml.pipeline.core._published import PublishedPipeline

        content = self._content
        template = dict(content["template"], job=_template.filled(content["template"], content["parameters"]))
        return PublishedPipeline._keep(self._workspace, template, self.name, self.description, None, None)


def _template_of(pipeline):
    """(the template, what else is known) of a Pipeline, a PublishedPipeline, a PipelineRun or a PipelineDraft."""
    import copy

    from azureml.pipeline.core import _published
    from azureml.pipeline.core.pipeline import Pipeline
    from azureml.pipeline.core.run import PipelineRun

    if isinstance(pipeline, Pipeline):
        return pipeline._template(), {"made_of": "pipeline"}
    if isinstance(pipeline, PipelineDraft):
        content = dict(pipeline._content, parent_draft=pipeline.id, made_of="draft")
        return copy.deepcopy(content["template"]), content
    if isinstance(pipeline, _published.PublishedPipeline):
        document = _published._document(pipeline.id)
        known = {"made_of": "published", "name": pipeline.name, "description": pipeline.description}
        return document["template"], dict(known, parent_pipeline=pipeline.id)
    if isinstance(pipeline, PipelineRun):
        facts = pipeline._facts()
        if not facts.get("job"):
            raise ValueError("{} was not submitted from Python: there is no pipeline to copy".format(pipeline.id))
        template = {key: facts.get(key) for key in ("job", "files", "parameters", "steps")}
        known = {"made_of": "run", "name": "{}-clone".format(pipeline.experiment.name), "parent_run": pipeline.id}
        return template, dict(known, experiment_name=pipeline.experiment.name)
    raise ValueError("pipeline should be of type Pipeline, PublishedPipeline, PipelineDraft, or PipelineRun")
