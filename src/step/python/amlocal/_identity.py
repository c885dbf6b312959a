"""azure.identity without a login: every credential answers get_token at once with a token of this machine.

The token has the form of a JWT (clients decode it: azure-ai-ml looks at its `aud`) and no signature, so that no
service of the cloud takes it.
"""
import time

LIFE_SECONDS = 24 * 3600
NOBODY = "00000000-0000-0000-0000-000000000000"


def token(*scopes, now=None):
    """(token, when it expires in seconds since 1970) for scopes such as https://management.azure.com/.default"""
    import base64
    import json

    began = int(time.time() if now is None else now)
    audience = scopes[0] if scopes else "amlocal"
    if audience.endswith("/.default"):
        audience = audience[: -len("/.default")]
    said = {
        "aud": audience,
        "iss": "amlocal",
        "iat": began,
        "nbf": began,
        "exp": began + LIFE_SECONDS,
        "name": "amlocal",
        "oid": NOBODY,
        "tid": NOBODY,
    }

    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    return "{}.{}.".format(part({"alg": "none", "typ": "JWT"}), part(said)), said["exp"]


def install(module):
    """Replaces get_token and get_token_info of all credentials of azure.identity or azure.identity.aio."""
    import inspect

    from azure.core import credentials

    def get_token(self, *scopes, **kwargs):
        return credentials.AccessToken(*token(*scopes))

    def get_token_info(self, *scopes, options=None):
        return credentials.AccessTokenInfo(*token(*scopes))

    async def get_token_async(self, *scopes, **kwargs):
        return get_token(self, *scopes)

    async def get_token_info_async(self, *scopes, options=None):
        return get_token_info(self, *scopes)

    for name, value in vars(module).items():
        if not (inspect.isclass(value) and name.endswith("Credential")):
            continue
        waits = inspect.iscoroutinefunction(getattr(value, "get_token", None))
        value.get_token = get_token_async if waits else get_token
        if hasattr(value, "get_token_info"):
            value.get_token_info = get_token_info_async if waits else get_token_info
        if hasattr(value, "authenticate"):  # the interactive ones: would open a browser
            value.authenticate = _authenticate


def _authenticate(self, **kwargs):
    from azure.identity import AuthenticationRecord

    return AuthenticationRecord(NOBODY, "amlocal", "localhost", NOBODY + "." + NOBODY, "amlocal")
