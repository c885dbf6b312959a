"""MLClient.datastores, .compute and .workspaces on this machine: datastores are folders, computes only names."""
import os

from amlocal import _v2
from amlocal._v2 import NOBODY, Operations, done, not_found

COMPUTE = "compute_v2"  # kind of document


class Datastores(Operations):
    def get(self, name, *, include_secrets=False):
        for record in self._door.get("/datastores")["datastores"]:
            if record["name"] == name:
                return self._entity(record)
        raise not_found("(UserError) Datastore {} was not found; `amlocal datastore create {} --dir FOLDER` makes it".format(
            name, name))

    def get_default(self, *, include_secrets=False):
        return self._entity(next(each for each in self._door.get("/datastores")["datastores"] if each["default"]))

    def list(self, *, include_secrets=False):
        return iter([self._entity(each) for each in self._door.get("/datastores")["datastores"]])

    def create_or_update(self, datastore):
        """A folder stands for it; one that has none yet gets one below .amlocal."""
        known = {each["name"]: each for each in self._door.get("/datastores")["datastores"]}
        if datastore.name not in known:
            folder = os.path.join(self.root, ".amlocal", "datastores", datastore.name)
            _v2.program("datastore", "create", datastore.name, "--dir", folder)
        return datastore

    def delete(self, name):
        self.get(name)
        _v2.program("datastore", "delete", name)

    @staticmethod
    def _entity(record):
        from azure.ai.ml.entities import AzureBlobDatastore

        return AzureBlobDatastore(name=record["name"], account_name="local", container_name=record["name"],
                                  description=record["folder"],
                                  id="azureml:/datastores/" + record["name"])


class Computes(Operations):
    """Whatever is asked for is there: steps run on this machine."""

    def get(self, name):
        known = self._document(COMPUTE, name)
        return self._entity(known or {"name": name})

    def list(self, *, compute_type=None):
        return iter([self._entity(each) for each in self._documents(COMPUTE) if compute_type in (None, each.get("type"))])

    def begin_create_or_update(self, compute):
        from amlocal import _v2_dump

        content = dict(_v2_dump.document(compute), name=compute.name)
        self._keep(COMPUTE, compute.name, content)
        return done(self._entity(content))

    begin_attach = begin_create_or_update
    begin_update = begin_create_or_update

    def begin_delete(self, name, *, action="Delete"):
        from azureml import _client

        if self._document(COMPUTE, name) is not None:
            self._door.delete("/documents/{}/{}".format(COMPUTE, _client.quote(name)))
        return done(None)

    def _nothing(self, name):
        return done(None)

    begin_start = begin_stop = begin_restart = _nothing

    def list_nodes(self, name):
        return iter([])

    def list_usage(self, *, location=None):
        return iter([])

    def list_sizes(self, *, location=None, compute_type=None):
        return iter([])

    @staticmethod
    def _entity(content):
        from azure.ai.ml.entities import AmlCompute, Compute

        if content.get("type") not in (None, "amlcompute"):
            entity = Compute._load(data=content)
        else:
            known = ("size", "tier", "description", "tags", "min_instances", "max_instances", "idle_time_before_scale_down")
            entity = AmlCompute(name=content["name"], location="local", **{key: content[key] for key in known if key in content})
        entity._provisioning_state = "Succeeded"
        return entity


class Workspaces(Operations):
    """There is one, whatever it is called."""

    def __init__(self, door, root, client):
        super().__init__(door, root)
        self._client = client

    def get(self, name=None, **kwargs):
        from azure.ai.ml.entities import Workspace

        workspace = Workspace(name=name or self._client.workspace_name, location="local",
                              resource_group=self._client.resource_group_name)
        workspace._id = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}".format(
            self._client.subscription_id or NOBODY, self._client.resource_group_name, workspace.name)
        # Where MLflow would be pointed to by hand; a step has its own already.
        workspace._mlflow_tracking_uri = self._door.endpoint
        return workspace

    def list(self, *, scope="resource_group", **kwargs):
        return iter([self.get()])

    def begin_create(self, workspace, **kwargs):
        return done(workspace)

    begin_create_or_update = begin_create
    begin_update = begin_create
