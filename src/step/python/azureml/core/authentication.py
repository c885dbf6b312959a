"""Who asks: on this machine nobody has to say. Every way to sign in works at once, and signs nobody in."""


class AccessToken(tuple):
    """(token, expires_on): epoch seconds."""

    def __new__(cls, token, expires_on):
        return super().__new__(cls, (token, expires_on))

    token = property(lambda self: self[0])
    expires_on = property(lambda self: self[1])


class AbstractAuthentication:
    def __init__(self, cloud=None):
        self._cloud = cloud

    def _token(self):
        from azureml._client import connect

        return connect().token

    def get_authentication_header(self):
        """The header for a request to the run's gateway."""
        return {"Authorization": "Bearer " + self._token()}

    def get_token(self, *scopes, **kwargs):
        """A token of the run's gateway, with the time until which it is good (epoch seconds)."""
        import time

        return AccessToken(self._token(), int(time.time()) + 3600)

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

    def get_token(self, audience="AZUREML"):
        return self._token()


class InteractiveLoginAuthentication(AbstractAuthentication):
    def __init__(self, force=False, tenant_id=None, cloud=None):
        super().__init__(cloud)


class AzureCliAuthentication(AbstractAuthentication):
    pass


class MsiAuthentication(AbstractAuthentication):
    def __init__(self, cloud=None, **kwargs):
        super().__init__(cloud)


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
        self._given, self._expiry_time = azureml_access_token, expiry_time

    @classmethod
    def create(
        cls,
        azureml_access_token,
        expiry_time,
        host,
        subscription_id,
        resource_group_name,
        workspace_name,
        experiment_name,
        run_id,
        user_email=None,
        experiment_id=None,
    ):
        return cls(azureml_access_token, expiry_time)

    @property
    def token(self):
        return self._given

    @property
    def expiry_time(self):
        return self._expiry_time

    def set_token(self, token, expiry_time):
        self._given, self._expiry_time = token, expiry_time

    def _token(self):
        return self._given

    def _get_arm_token(self):
        from azureml.exceptions import AuthenticationException

        raise AuthenticationException("AzureMLTokenAuthentication._get_arm_token not yet supported.")


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
