"""Who asks: on this machine nobody has to say. Every way to sign in works at once, and signs nobody in."""


class AbstractAuthentication:
    def __init__(self, cloud=None, **kwargs):
        self._cloud = cloud

    def _token(self):
        from azureml._client import connect

        return connect().token

    def get_authentication_header(self):
        """The header for a request to the run's gateway."""
        return {"Authorization": "Bearer " + self._token()}

    def get_token(self, *scopes, **kwargs):
        """A token of the run's gateway, with the time until which it is good (epoch seconds)."""
        from collections import namedtuple
        import time

        return namedtuple("AccessToken", "token expires_on")(self._token(), int(time.time()) + 3600)

    def signed_session(self, session=None):
        """A requests session with the header."""
        if session is None:
            import requests

            session = requests.Session()
        session.headers.update(self.get_authentication_header())
        return session


class TokenAuthentication(AbstractAuthentication):
    def __init__(self, get_token_for_audience, cloud=None):
        super().__init__(cloud)


class InteractiveLoginAuthentication(AbstractAuthentication):
    def __init__(self, force=False, tenant_id=None, cloud=None):
        super().__init__(cloud)


class AzureCliAuthentication(AbstractAuthentication):
    pass


class MsiAuthentication(AbstractAuthentication):
    pass


class ArmTokenAuthentication(AbstractAuthentication):
    def __init__(self, arm_access_token, cloud=None):
        super().__init__(cloud)

    def update_arm_access_token(self, new_arm_access_token):
        pass


class ServicePrincipalAuthentication(AbstractAuthentication):
    def __init__(
        self, tenant_id, service_principal_id, service_principal_password, cloud="AzureCloud", _enable_caching=True
    ):
        super().__init__(cloud)


class AzureMLTokenAuthentication(AbstractAuthentication):
    """The run's own token, the only one that a step in the cloud has."""

    def __init__(
        self,
        azureml_access_token,
        expiry_time=None,
        host=None,
        subscription_id=None,
        resource_group_name=None,
        workspace_name=None,
        experiment_name=None,
        run_id=None,
        user_email=None,
        experiment_id=None,
        cloud="AzureCloud",
    ):
        super().__init__(cloud)
        self._given, self.expiry_time = azureml_access_token, expiry_time

    @classmethod
    def create(cls, azureml_access_token, expiry_time, *args, **kwargs):
        return cls(azureml_access_token, expiry_time, *args, **kwargs)

    @property
    def token(self):
        return self._given

    def set_token(self, token, expiry_time):
        self._given, self.expiry_time = token, expiry_time

    def _token(self):
        return self._given

    def _get_arm_token(self):
        from azureml.exceptions import AuthenticationException

        raise AuthenticationException("AzureMLTokenAuthentication._get_arm_token not yet supported.")
