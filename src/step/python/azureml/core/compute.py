"""Compute targets: names. Whatever they are called, this machine stands for them.

A target that nobody created is there too, as in a v2 definition: a script that only names the team's cluster runs.
One that was deleted is not found any more, with the real SDK's error.
"""
from azureml.exceptions import ComputeTargetException

_DOCUMENTS = "/documents/compute"
_RESERVED = ("amlcompute", "local", "containerinstance")
_CLOUD_ONLY = "this machine stands for every target: use AmlCompute, or just the target's name"


class ComputeTarget:
    _compute_type = "AmlCompute"

    def __new__(cls, workspace, name):
        document = _find(name)
        kind = ComputeInstance if document.get("type") == "ComputeInstance" else AmlCompute
        made = object.__new__(kind if cls is ComputeTarget else cls)
        made._take(workspace, name, document)
        return made

    def __init__(self, workspace, name):
        pass  # __new__ chose the class and has filled it

    def _take(self, workspace, name, document):
        self.workspace = workspace
        self.name = name
        self.type = document.get("type") or self._compute_type
        self.tags = document.get("tags")
        self.description = document.get("description")
        self.location = document.get("location")
        self.provisioning_state = document.get("state") or "Succeeded"
        self.provisioning_errors = None
        self.is_attached = False
        self.id = self.cluster_resource_id = "computes/" + name
        self.vm_size = document.get("vm_size") or ""
        self.vm_priority = document.get("vm_priority") or "dedicated"
        self._document = document

    @staticmethod
    def create(workspace, name, provisioning_configuration):
        if str(name).lower() in _RESERVED:
            raise ComputeTargetException("{} is reserved, please choose a different compute name".format(name))
        document = provisioning_configuration._document()
        _store(name, document)
        return ComputeTarget(workspace, name)

    @staticmethod
    def attach(workspace, name, attach_configuration):
        from azureml import _absent

        _absent.refuse("ComputeTarget.attach", _CLOUD_ONLY)

    @staticmethod
    def list(workspace):
        return [ComputeTarget(workspace, name) for name, document in _all().items() if not document.get("deleted")]

    def wait_for_completion(self, show_output=False, is_delete_operation=False):
        if show_output:
            print(self.provisioning_state)

    def refresh_state(self):
        self._take(self.workspace, self.name, _find(self.name))

    def delete(self):
        _store(self.name, {"deleted": True})
        self.provisioning_state = "Deleting"

    def detach(self):
        self.delete()

    def serialize(self):
        return {
            "id": self.id,
            "name": self.name,
            "location": self.location,
            "tags": self.tags,
            "properties": {
                "computeType": self.type,
                "description": self.description,
                "provisioningState": self.provisioning_state,
                "properties": {key: value for key, value in self._document.items() if key != "type"},
            },
        }

    @staticmethod
    def deserialize(workspace, object_dict):
        return ComputeTarget(workspace, object_dict["name"])

    def get_status(self):
        return self.provisioning_state

    def __repr__(self):
        return "{}(workspace={!r}, name={}, id={}, type={})".format(
            type(self).__name__, self.workspace, self.name, self.id, self.type
        )


class _Configuration:
    """What a target is asked to be. Kept, and of no effect here but node counts."""

    def __init__(self, type, **values):
        self._type = type
        self.__dict__.update(values)

    def _document(self):
        values = {key: value for key, value in vars(self).items() if key != "_type" and value not in (None, "")}
        values = {key: value for key, value in values.items() if "password" not in key and "ssh_key" not in key}
        return dict(values, type=self._type)


class ScaleSettings:
    def __init__(self, minimum_node_count, maximum_node_count, idle_seconds_before_scaledown):
        self.minimum_node_count = minimum_node_count
        self.maximum_node_count = maximum_node_count
        self.idle_seconds_before_scaledown = idle_seconds_before_scaledown

    def serialize(self):
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": "PT{}S".format(self.idle_seconds_before_scaledown),
        }


class AmlComputeStatus:
    def __init__(self, target):
        self.allocation_state = "Steady"
        self.scale_settings = target.scale_settings
        self.current_node_count = self.target_node_count = 1
        self.vm_size, self.vm_priority = target.vm_size, target.vm_priority
        self.provisioning_state, self.provisioning_errors = target.provisioning_state, None
        self.errors = None

    def serialize(self):
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "allocationState": self.allocation_state,
            "errors": self.errors,
            "provisioningState": self.provisioning_state,
            "provisioningErrors": self.provisioning_errors,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }


class AmlCompute(ComputeTarget):
    def _take(self, workspace, name, document):
        super()._take(workspace, name, document)
        self.scale_settings = ScaleSettings(
            document.get("min_nodes") or 0,
            document.get("max_nodes"),
            document.get("idle_seconds_before_scaledown") or 1800,
        )
        self.status = AmlComputeStatus(self)

    @staticmethod
    def provisioning_configuration(
        vm_size="",
        vm_priority="dedicated",
        min_nodes=0,
        max_nodes=None,
        idle_seconds_before_scaledown=1800,
        admin_username=None,
        admin_user_password=None,
        admin_user_ssh_key=None,
        vnet_resourcegroup_name=None,
        vnet_name=None,
        subnet_name=None,
        tags=None,
        description=None,
        remote_login_port_public_access="NotSpecified",
        identity_type=None,
        identity_id=None,
        location=None,
        enable_node_public_ip=True,
    ):
        given = dict(locals())
        _check_nodes(min_nodes, max_nodes)
        network = (vnet_resourcegroup_name, vnet_name, subnet_name)
        if any(network) and not all(network):
            raise ComputeTargetException(
                "Invalid configuration, not all virtual net information provided. To use a custom virtual net, please "
                "provide vnet name, vnet resource group and subnet name"
            )
        if admin_username and not (admin_user_password or admin_user_ssh_key):
            raise ComputeTargetException(
                "Invalid user credentials, no password or key information provided. "
                "Please provide either a password or SSH key information."
            )
        return _Configuration("AmlCompute", **given)

    def wait_for_completion(
        self, show_output=False, min_node_count=None, timeout_in_minutes=25, is_delete_operation=False
    ):
        if show_output:
            print(self.provisioning_state)
            print("AmlCompute wait for completion finished\n")
            if not is_delete_operation:
                print("Minimum number of nodes requested have been provisioned")

    def get_status(self):
        return AmlComputeStatus(self)

    def get(self):
        return self.serialize()

    def list_nodes(self):
        return []

    def update(self, min_nodes=None, max_nodes=None, idle_seconds_before_scaledown=None):
        changes = {
            "min_nodes": min_nodes,
            "max_nodes": max_nodes,
            "idle_seconds_before_scaledown": idle_seconds_before_scaledown,
        }
        document = dict(self._document, **{key: value for key, value in changes.items() if value is not None})
        _store(self.name, document)
        self._take(self.workspace, self.name, document)

    def get_active_runs(self, type=None, tags=None, properties=None, status=None):
        return iter(())

    def add_identity(self, identity_type, identity_id=None):
        _cloud_only("AmlCompute.add_identity")

    def remove_identity(self, identity_id=None):
        _cloud_only("AmlCompute.remove_identity")

    @staticmethod
    def supported_vmsizes(workspace, location=None):
        _cloud_only("AmlCompute.supported_vmsizes")

    @staticmethod
    def list_quotas(workspace, location=None):
        _cloud_only("AmlCompute.list_quotas")

    @staticmethod
    def update_quotas(workspace, vm_family, limit=None, location=None):
        _cloud_only("AmlCompute.update_quotas")

    @staticmethod
    def list_usages(workspace, show_all=False, location=None):
        _cloud_only("AmlCompute.list_usages")


class ComputeInstance(ComputeTarget):
    _compute_type = "ComputeInstance"

    @staticmethod
    def provisioning_configuration(
        vm_size="",
        ssh_public_access=False,
        admin_user_ssh_public_key=None,
        vnet_resourcegroup_name=None,
        vnet_name=None,
        subnet_name=None,
        tags=None,
        description=None,
        assigned_user_object_id=None,
        assigned_user_tenant_id=None,
    ):
        return _Configuration("ComputeInstance", **dict(locals()))

    def wait_for_completion(self, show_output=False, is_delete_operation=False):
        super().wait_for_completion(show_output, is_delete_operation)

    def start(self, wait_for_completion=False, show_output=False):
        pass

    def stop(self, wait_for_completion=False, show_output=False):
        pass

    def restart(self, wait_for_completion=False, show_output=False):
        pass

    def delete(self, wait_for_completion=False, show_output=False):
        super().delete()

    def get(self):
        return self.serialize()

    def get_active_runs(self, type=None, tags=None, properties=None, status=None):
        return iter(())

    @staticmethod
    def supported_vmsizes(workspace, location=None):
        _cloud_only("ComputeInstance.supported_vmsizes")

    def update_sso_settings(self, value):
        _cloud_only("ComputeInstance.update_sso_settings")


class Targets(dict):
    """Workspace.compute_targets: a name that nobody created is not in it, and can be had of it all the same."""

    def __init__(self, workspace):
        super().__init__({target.name: target for target in ComputeTarget.list(workspace)})
        self._workspace = workspace

    def __missing__(self, name):
        return ComputeTarget(self._workspace, name)


def _check_nodes(least, most):
    if most is None:
        raise ComputeTargetException("Invalid provisioning configuration, max nodes count is mandatory")
    if most < least:
        raise ComputeTargetException(
            "Invalid provisioning configuration, max nodes count must be greater than or equal to min nodes count"
        )


def _cloud_only(name):
    from azureml import _absent

    _absent.refuse(name, _CLOUD_ONLY)


def _all():
    from azureml import _client

    return {each["name"]: each["content"] for each in _client.connect().get(_DOCUMENTS)["documents"]}


def _find(name):
    from azureml import _client

    found = _client.connect().find(_DOCUMENTS + "/" + _client.quote(name))
    document = found["content"] if found else {}
    if document.get("deleted"):
        raise ComputeTargetException(
            "ComputeTargetNotFound: Compute Target with name {} not found in provided workspace".format(name)
        )
    return document


def _store(name, document):
    from azureml import _client

    _client.connect().put(_DOCUMENTS + "/" + _client.quote(name), document)


_ELSEWHERE = frozenset(
    "AdlaCompute AksCompute BatchCompute DataFactoryCompute DatabricksCompute DsvmCompute HDInsightCompute "
    "KubernetesCompute KustoCompute RemoteCompute SynapseCompute".split()
)


def __getattr__(name):
    if name not in _ELSEWHERE:
        raise AttributeError("module 'azureml.core.compute' has no attribute {!r}".format(name))
    from azureml._absent import placeholder

    globals()[name] = placeholder("azureml.core.compute." + name, _CLOUD_ONLY)
    return globals()[name]
