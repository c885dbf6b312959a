"""PublishedPipeline: a pipeline's job, kept in the workspace to be submitted again with other parameters."""
_KIND = "/documents/published_pipeline"


class PublishedPipeline:
    def __init__(
        self,
        name,
        graph_id,
        description,
        version,
        published_pipeline_id,
        status,
        endpoint,
        total_run_steps,
        workspace,
        continue_on_step_failure=None,
        **kwargs
    ):
        self._name, self._graph_id, self._description = name, graph_id, description
        self._version, self._id, self._status = version, published_pipeline_id, status
        self._endpoint, self._total_run_steps = endpoint, total_run_steps
        self._workspace = workspace
        self._continue_on_step_failure = continue_on_step_failure

    # -- making ---------------------------------------------------------------------------------------
    @staticmethod
    def _publish(pipeline, name, description, version, continue_on_step_failure):
        """Of a Pipeline."""
        draft = pipeline._template(continue_on_step_failure=bool(continue_on_step_failure))
        return PublishedPipeline._keep(pipeline.workspace, draft, name, description, version, continue_on_step_failure)

    @staticmethod
    def _from_run(run, name, description, version, continue_on_step_failure):
        template = {key: run._facts().get(key) for key in ("job", "files", "parameters", "steps")}
        if not template["job"]:
            raise ValueError("{} was not submitted from Python: there is no pipeline to publish".format(run.id))
        if continue_on_step_failure is not None:
            template["job"]["settings"]["continue_on_step_failure"] = bool(continue_on_step_failure)
        return PublishedPipeline._keep(
            run.experiment.workspace, template, name, description, version, continue_on_step_failure
        )

    @staticmethod
    def _keep(workspace, template, name, description, version, continue_on_step_failure):
        import datetime
        import uuid

        from azureml import _client

        made = str(uuid.uuid4())
        stamp = datetime.datetime.now().strftime("%m-%d-%Y-%H-%M-%S")
        document = {
            "template": template,
            "name": name or "Pipeline-" + stamp,
            "description": description,
            "version": version,
            "status": "Active",
            "continue_on_step_failure": continue_on_step_failure,
            "made": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        }
        _client.connect().put("{}/{}".format(_KIND, made), document)
        return PublishedPipeline._of(workspace, made, document)

    @staticmethod
    def _of(workspace, pipeline_id, document):
        return PublishedPipeline(
            document["name"],
            pipeline_id,
            document["description"],
            document["version"],
            pipeline_id,
            document["status"],
            "local://published_pipelines/" + pipeline_id,
            len(document["template"]["job"].get("jobs") or {}),
            workspace,
            document["continue_on_step_failure"],
        )

    # -- finding --------------------------------------------------------------------------------------
    @staticmethod
    def get(workspace, id, _workflow_provider=None, _service_endpoint=None):
        return PublishedPipeline._of(workspace, id, _document(id))

    @staticmethod
    def list(workspace, active_only=True, _service_endpoint=None):
        """The published pipelines, the newest first."""
        from azureml import _client

        found = [(each["content"]["made"], each["name"], each["content"]) for each in _client.connect().get(_KIND)["documents"]]
        return [
            PublishedPipeline._of(workspace, name, document)
            for _, name, document in sorted(found, key=lambda each: each[:2], reverse=True)
            if document["status"] == "Active" or not active_only
        ]

    @staticmethod
    def get_all(workspace, active_only=True):
        return PublishedPipeline.list(workspace, active_only)

    # -- members --------------------------------------------------------------------------------------
    @property
    def id(self):
        return self._id

    @property
    def name(self):
        return self._name

    @property
    def description(self):
        return self._description

    @property
    def version(self):
        return self._version

    @property
    def status(self):
        return self._status

    @property
    def graph_id(self):
        return self._graph_id

    @property
    def endpoint(self):
        return self._endpoint

    @property
    def total_run_steps(self):
        return self._total_run_steps

    @property
    def continue_on_step_failure(self):
        return self._continue_on_step_failure

    @property
    def portal_url(self):
        return self.get_portal_url()

    def get_portal_url(self):
        return self._endpoint

    def get_step_names(self):
        return [each["name"] for each in (_document(self._id)["template"].get("steps") or {}).values()]

    def get_graph(self, _workflow_provider=None):
        from azureml import _absent

        _absent.refuse("PublishedPipeline.get_graph", "PublishedPipeline.save(path) writes its job")

    def save(self, path=None, _workflow_provider=None):
        """Writes its job to a file: JSON, which is YAML. The path."""
        import json

        target = str(path or self._name + ".yml")
        with open(target, "w", encoding="utf-8") as file:
            json.dump(_document(self._id)["template"]["job"], file, indent=2, ensure_ascii=False)
        return target

    def enable(self):
        self._set_status("Active")

    def disable(self):
        self._set_status("Disabled")

    def _set_status(self, status):
        from azureml import _client

        _client.connect().put("{}/{}".format(_KIND, self._id), dict(_document(self._id), status=status))
        self._status = status

    # -- running --------------------------------------------------------------------------------------
    def submit(
        self,
        workspace,
        experiment_name,
        pipeline_parameters=None,
        _workflow_provider=None,
        _service_endpoint=None,
        parent_run_id=None,
        continue_on_step_failure=None,
    ):
        from azureml.core.experiment import Experiment

        return self._submit_to(
            Experiment(workspace, experiment_name),
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
        )

    def _submit_to(self, experiment, tags=None, pipeline_parameters=None, continue_on_step_failure=None, **kwargs):
        from azureml import _template

        if self._status != "Active":
            raise ValueError("The published pipeline {} is disabled".format(self._id))
        template = _document(self._id)["template"]
        if continue_on_step_failure is not None:
            template["job"]["settings"]["continue_on_step_failure"] = bool(continue_on_step_failure)
        return _template.run(template, experiment, pipeline_parameters, tags, {"azureml.pipelineid": self._id})

    def __repr__(self):
        return "Pipeline(Name: {},\nId: {},\nStatus: {},\nEndpoint: {})".format(
            self._name, self._id, self._status, self._endpoint
        )


def _document(pipeline_id):
    from azureml import _client

    found = _client.connect().find("{}/{}".format(_KIND, _client.quote(pipeline_id)))
    if found is None:
        raise ValueError("There is no published pipeline {}".format(pipeline_id))
    return found["content"]
