"""What pipelines leave in the workspace beside runs: drafts, endpoints, schedules, each a document of its kind."""


def put(kind, name, content):
    from azureml import _client

    _client.connect().put("/documents/{}/{}".format(kind, _client.quote(name)), content)


def get(kind, name, what):
    """The document, or ValueError that there is no such `what`."""
    found = find(kind, name)
    if found is None:
        raise ValueError("{} with id {} does not exist".format(what, name))
    return found


def find(kind, name):
    from azureml import _client

    found = _client.connect().find("/documents/{}/{}".format(kind, _client.quote(name)))
    return found["content"] if found else None


def all_of(kind):
    """{name: newest content}"""
    from azureml import _client

    newest = {}
    for each in _client.connect().get("/documents/" + kind)["documents"]:
        known = newest.get(each["name"])
        if known is None or _number(each["version"]) > _number(known["version"]):
            newest[each["name"]] = each
    return {name: each["content"] for name, each in newest.items()}


def _number(version):
    try:
        return int(version)
    except (TypeError, ValueError):
        return 0


def remove(kind, name):
    from azureml import _client

    _client.connect().delete("/documents/{}/{}".format(kind, _client.quote(name)))
