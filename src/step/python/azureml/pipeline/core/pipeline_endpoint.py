"""PipelineEndpoint: one name for several versions of a published pipeline."""
from azureml.pipeline.core import _documents
from azureml.pipeline.core._published import PublishedPipeline

_KIND = "pipeline_endpoint"


class PipelineIdVersion:
    def __init__(self, version, pipeline_id):
        self._version, self._pipeline_id = version, pipeline_id

    @property
    def version(self):
        return self._version

    @property
    def pipeline_id(self):
        return self._pipeline_id


class PipelineVersion:
    def __init__(self, version, pipeline):
        self._version, self._pipeline = version, pipeline

    @property
    def version(self):
        return self._version

    @property
    def pipeline(self):
        return self._pipeline


class PipelineEndpoint:
    def __init__(self, workspace, id, name, description, status, default_version, endpoint, pipeline_version_list):
        self._workspace, self._id, self._name, self._description = workspace, id, name, description
        self._status, self._default_version, self._endpoint = status, default_version, endpoint
        self._versions = list(pipeline_version_list)

    @staticmethod
    def publish(workspace, name, description, pipeline, _workflow_provider=None, _service_endpoint=None):
        """A new endpoint with one version, "0"."""
        import uuid

        if name is None:
            raise ValueError("Name must be provided")
        if any(content["name"] == name for content in _documents.all_of(_KIND).values()):
            raise ValueError("There is a pipeline endpoint named {} already".format(name))
        versions = [{"version": "0", "pipeline": _published(pipeline).id}]
        content = {"name": name, "description": description, "status": "Active", "default": "0", "versions": versions}
        made = str(uuid.uuid4())
        _documents.put(_KIND, made, content)
        return PipelineEndpoint._of(workspace, made, content)

    @staticmethod
    def _of(workspace, made, content):
        versions = [PipelineIdVersion(each["version"], each["pipeline"]) for each in content["versions"]]
        address = "local://pipeline_endpoints/" + made
        return PipelineEndpoint(
            workspace, made, content["name"], content["description"], content["status"], content["default"], address, versions
        )

    @staticmethod
    def get(workspace, id=None, name=None, _workflow_provider=None, _service_endpoint=None):
        if id is None and name is None:
            raise ValueError("Either id or name of the pipeline endpoint must be provided")
        for made, content in _documents.all_of(_KIND).items():
            if made == id or (id is None and content["name"] == name):
                return PipelineEndpoint._of(workspace, made, content)
        raise ValueError("There is no pipeline endpoint {}".format(name if id is None else id))

    @staticmethod
    def list(workspace, active_only=True, _service_endpoint=None, _workflow_provider=None, max_results=None):
        found = [
            PipelineEndpoint._of(workspace, made, content)
            for made, content in _documents.all_of(_KIND).items()
            if content["status"] == "Active" or not active_only
        ]
        return found[:max_results]

    @staticmethod
    def get_all(workspace, active_only=True, _service_endpoint=None, _workflow_provider=None):
        return PipelineEndpoint.list(workspace, active_only)

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
    def status(self):
        return self._status

    @property
    def default_version(self):
        return self._default_version

    @property
    def endpoint(self):
        return self._endpoint

    @property
    def swaggerurl(self):
        from azureml import _absent

        _absent.refuse("PipelineEndpoint.swaggerurl", "there is no web service here; use PipelineEndpoint.submit")

    @property
    def pipeline_version_list(self):
        return self._versions

    # -- versions -------------------------------------------------------------------------------------
    def get_default_version(self):
        return self._default_version

    def list_versions(self):
        return self._versions

    def get_all_versions(self):
        return self._versions

    def list_pipelines(self, active_only=True):
        found = [PipelineVersion(each.version, PublishedPipeline.get(self._workspace, each.pipeline_id)) for each in self._versions]
        return [each for each in found if each.pipeline.status == "Active" or not active_only]

    def get_all_pipelines(self, active_only=True):
        return self.list_pipelines(active_only)

    def get_pipeline(self, version=None):
        wanted = self._default_version if version is None else str(version)
        for each in self._versions:
            if each.version == wanted:
                return PublishedPipeline.get(self._workspace, each.pipeline_id)
        raise ValueError("The pipeline endpoint {} has no version {}".format(self._name, wanted))

    def add(self, pipeline):
        """A further version; the default stays."""
        number = 1 + max(int(each.version) for each in self._versions)
        self._versions.append(PipelineIdVersion(str(number), _published(pipeline).id))
        self._keep()

    def add_default(self, pipeline):
        self.add(pipeline)
        self._default_version = self._versions[-1].version
        self._keep()

    def set_default(self, pipeline):
        for each in self._versions:
            if each.pipeline_id == pipeline.id:
                return self.set_default_version(each.version)
        raise ValueError("The pipeline {} is no version of the endpoint {}".format(pipeline.id, self._name))

    def set_default_version(self, version):
        if all(each.version != str(version) for each in self._versions):
            raise ValueError("The pipeline endpoint {} has no version {}".format(self._name, version))
        self._default_version = str(version)
        self._keep()

    # -- life -----------------------------------------------------------------------------------------
    def set_name(self, name):
        self._name = name
        self._keep()

    def enable(self):
        self._set_status("Active")

    def disable(self):
        self._set_status("Disabled")

    def archive(self):
        self._set_status("Archived")

    def reactivate(self, name=None):
        self._name = name or self._name
        self._set_status("Active")

    def _set_status(self, status):
        self._status = status
        self._keep()

    def _keep(self):
        content = {
            "name": self._name,
            "description": self._description,
            "status": self._status,
            "default": self._default_version,
            "versions": [{"version": each.version, "pipeline": each.pipeline_id} for each in self._versions],
        }
        _documents.put(_KIND, self._id, content)

    # -- running --------------------------------------------------------------------------------------
    def submit(
        self,
        experiment_name,
        _workflow_provider=None,
        _service_endpoint=None,
        pipeline_parameters=None,
        parent_run_id=None,
        pipeline_version=None,
    ):
        from azureml.core.experiment import Experiment

        return self._submit_to(
            Experiment(self._workspace, experiment_name), None, pipeline_parameters, pipeline_version=pipeline_version
        )

    def _submit_to(self, experiment, tags=None, pipeline_parameters=None, pipeline_version=None, **kwargs):
        if self._status != "Active":
            raise ValueError("The pipeline endpoint {} is {}".format(self._name, self._status.lower()))
        return self.get_pipeline(pipeline_version)._submit_to(experiment, tags, pipeline_parameters)


def _published(pipeline):
    """The pipeline, published if it is not yet."""
    from azureml.pipeline.core.pipeline import Pipeline

    if isinstance(pipeline, Pipeline):
        return pipeline.publish()
    if not isinstance(pipeline, PublishedPipeline):
        raise ValueError("Pipeline must be of type Pipeline or PublishedPipeline")
    return pipeline
