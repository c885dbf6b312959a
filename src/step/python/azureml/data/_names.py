"""Names of a script's inputs and outputs: they become environment variables."""
import re

_VALID = re.compile(r"^[a-zA-Z_]+[a-zA-Z0-9_]*$")
# As a variable each of them means something to the shell or the loader.
COLLIDING = frozenset(("path", "ld_library_path", "user", "logname", "home", "pwd", "shell"))


def check(name, kind):
    """`kind` is input or output. Raises UserErrorException; a name that collides only warns, as in the cloud."""
    from azureml.exceptions import UserErrorException

    if not isinstance(name, str) or not _VALID.match(name):
        raise UserErrorException(
            'Invalid {} name "{}". The name can only be alphanumeric characters and underscore, and must not begin '
            "with a number.".format(kind, name)
        )
    if name.lower() in COLLIDING:
        import logging

        logging.getLogger("azureml.data").warning(
            '%s name "%s" has the potential to collide with common environment variable names and can lead to '
            "unexpected behavior. Please consider using a different name.",
            kind.capitalize(),
            name,
        )
    return name


def made_up(prefix):
    """input_1a2b3c4d: another one each time, so that a step with such a name is never reused."""
    import uuid

    return prefix + uuid.uuid4().hex[:8]
