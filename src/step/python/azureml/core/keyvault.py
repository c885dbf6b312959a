"""Keyvault: the secrets of the workspace (`amlocal secret set NAME`)."""


class Keyvault:
    def __init__(self, workspace):
        self._workspace = workspace

    @staticmethod
    def _path(name):
        from azureml._client import quote

        if not isinstance(name, str) or not name:
            from azureml.exceptions import UserErrorException

            raise UserErrorException("A secret's name is a text that is not empty, not {!r}.".format(name))
        return "/secrets/" + quote(name)

    def get_secret(self, name):
        """The secret of that name; an error that says how to set it if there is none."""
        found = self._workspace._client.find(self._path(name))
        if found is None:
            from azureml.exceptions import UserErrorException

            raise UserErrorException(
                "There is no secret {0!r}. Set it with `amlocal secret set {0}`, or in CI with the variable "
                "AMLOCAL_SECRET_{0}.".format(name)
            )
        return found["value"]

    def get_secrets(self, secrets):
        """{name: secret}; None for one that there is not."""
        found = {name: self._workspace._client.find(self._path(name)) for name in secrets}
        return {name: one["value"] if one else None for name, one in found.items()}

    def get_secret_content_type(self, name):
        self.get_secret(name)
        return "application/NotProvided"

    def set_secret(self, name, value, content_type="application/NotProvided"):
        self._workspace._client.put(self._path(name), {"value": str(value)})

    def set_secrets(self, secrets_batch):
        for name, value in secrets_batch.items():
            self.set_secret(name, value)

    def delete_secret(self, name):
        self._workspace._client.delete(self._path(name))

    def delete_secrets(self, secrets):
        for name in secrets:
            self.delete_secret(name)

    def list_secrets(self):
        """[{"name": …}], never the secrets."""
        return [{"name": name} for name in self._workspace._client.get("/secrets")["names"]]


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
