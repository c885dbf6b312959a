"""Datastore: a folder under a name. `amlocal datastore create` makes one of a folder that you have."""


class Datastore:
    """Datastore(workspace, name) is that datastore, without a name the default one."""

    def __new__(cls, workspace, name=None):
        return cls.get(workspace, name) if name else cls.get_default(workspace)

    def __init__(self, workspace, name=None):
        """What __new__ gives is no Datastore: it is not called."""

    @staticmethod
    def get(workspace, datastore_name):
        from azureml._client import quote

        found = workspace._client.find("/datastores/" + quote(datastore_name))
        if found is None:
            from azureml.exceptions import UserErrorException

            raise UserErrorException(
                "Could not find datastore {0} in the workspace {1}. Make it of a folder: "
                "`amlocal datastore create {0} --path FOLDER`.".format(datastore_name, workspace.name)
            )
        return Datastore._of(workspace, found)

    @staticmethod
    def get_default(workspace):
        return Datastore.get(workspace, workspace._chosen_datastore or workspace._facts()["default_datastore"])

    @staticmethod
    def _of(workspace, facts):
        from azureml.data.azure_storage_datastore import AzureBlobDatastore, AzureFileDatastore

        kind = AzureFileDatastore if facts["name"] == "workspacefilestore" else AzureBlobDatastore
        return kind(workspace, facts["name"], _folder=facts["folder"], _is_default=facts.get("default", False))

    @staticmethod
    def _register(workspace, name, what):
        """There is no account to connect to: the folder that stands for it has to be there."""
        from azureml._client import quote
        from azureml.exceptions import UserErrorException

        found = workspace._client.find("/datastores/" + quote(name))
        if found is None:
            raise UserErrorException(
                "{0} is {1}, which nobody reaches from here. Put a folder in its place: "
                "`amlocal datastore create {0} --path FOLDER`; then this call gives it.".format(name, what)
            )
        return Datastore._of(workspace, found)

    @staticmethod
    def register_azure_blob_container(
        workspace,
        datastore_name,
        container_name,
        account_name,
        sas_token=None,
        account_key=None,
        protocol=None,
        endpoint=None,
        overwrite=False,
        create_if_not_exists=False,
        skip_validation=False,
        blob_cache_timeout=None,
        grant_workspace_access=False,
        subscription_id=None,
        resource_group=None,
    ):
        what = "the container {} of the storage account {}".format(container_name, account_name)
        found = Datastore._register(workspace, datastore_name, what)
        found.container_name, found.account_name = container_name, account_name
        return found

    @staticmethod
    def register_azure_file_share(
        workspace,
        datastore_name,
        file_share_name,
        account_name,
        sas_token=None,
        account_key=None,
        protocol=None,
        endpoint=None,
        overwrite=False,
        create_if_not_exists=False,
        skip_validation=False,
    ):
        what = "the share {} of the storage account {}".format(file_share_name, account_name)
        return Datastore._register(workspace, datastore_name, what)

    @staticmethod
    def register_azure_data_lake(
        workspace,
        datastore_name,
        store_name,
        tenant_id=None,
        client_id=None,
        client_secret=None,
        resource_url=None,
        authority_url=None,
        subscription_id=None,
        resource_group=None,
        overwrite=False,
        grant_workspace_access=False,
    ):
        return Datastore._register(workspace, datastore_name, "the data lake {}".format(store_name))

    @staticmethod
    def register_azure_data_lake_gen2(
        workspace,
        datastore_name,
        filesystem,
        account_name,
        tenant_id=None,
        client_id=None,
        client_secret=None,
        resource_url=None,
        authority_url=None,
        protocol=None,
        endpoint=None,
        overwrite=False,
        subscription_id=None,
        resource_group=None,
        grant_workspace_access=False,
    ):
        what = "the file system {} of the storage account {}".format(filesystem, account_name)
        return Datastore._register(workspace, datastore_name, what)

    @staticmethod
    def register_dbfs(workspace, datastore_name):
        return Datastore._register(workspace, datastore_name, "the file system of a Databricks workspace")

    # -- databases: nothing stands for them here ---------------------------------------------------
    @staticmethod
    def register_azure_sql_database(
        workspace,
        datastore_name,
        server_name,
        database_name,
        tenant_id=None,
        client_id=None,
        client_secret=None,
        resource_url=None,
        authority_url=None,
        endpoint=None,
        overwrite=False,
        username=None,
        password=None,
        subscription_id=None,
        resource_group=None,
        grant_workspace_access=False,
        **kwargs
    ):
        _no_database("register_azure_sql_database")

    @staticmethod
    def register_azure_postgre_sql(
        workspace,
        datastore_name,
        server_name,
        database_name,
        user_id,
        user_password,
        port_number=None,
        endpoint=None,
        overwrite=False,
        enforce_ssl=True,
        **kwargs
    ):
        _no_database("register_azure_postgre_sql")

    @staticmethod
    def register_azure_my_sql(
        workspace,
        datastore_name,
        server_name,
        database_name,
        user_id,
        user_password,
        port_number=None,
        endpoint=None,
        overwrite=False,
        **kwargs
    ):
        _no_database("register_azure_my_sql")

    @staticmethod
    def register_hdfs(
        workspace,
        datastore_name,
        protocol,
        namenode_address,
        hdfs_server_certificate,
        kerberos_realm,
        kerberos_kdc_address,
        kerberos_principal,
        kerberos_keytab=None,
        kerberos_password=None,
        overwrite=False,
    ):
        return Datastore._register(workspace, datastore_name, "the HDFS at {}".format(namenode_address))


def _no_database(name):
    from azureml._absent import refuse

    refuse("azureml.core.Datastore." + name, "read the table in the step, with the database's own client")


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
