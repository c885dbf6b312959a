"""Objects that are nothing but their attributes: RunConfiguration, Environment and what is inside them."""


class Settings:
    """Takes every attribute that it has from the start. Another one is a typing mistake: the real SDK's error."""

    def _set(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        known = name in self.__dict__ or isinstance(getattr(type(self), name, None), property)
        if not known and not name.startswith("_"):
            raise AttributeError("{} has no attribute {}".format(type(self), name))
        object.__setattr__(self, name, value)


def to_dict(value):
    """Settings as plain dicts and lists, with the keys in the camelCase of saved files."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, Settings):
        return {_camel(name): to_dict(each) for name, each in sorted(vars(value).items()) if name[0] != "_"}
    if isinstance(value, dict):
        return {str(key): to_dict(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_dict(each) for each in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return getattr(value, "name", None) or str(value)


def fill(settings, document):
    """The values of to_dict back into the settings; keys that they do not have are left out."""
    for name, current in list(vars(settings).items()):
        key = _camel(name)
        if name.startswith("_") or key not in document:
            continue
        value = document[key]
        if isinstance(current, Settings) and isinstance(value, dict):
            fill(current, value)
        else:
            object.__setattr__(settings, name, value)
    return settings


def _camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
