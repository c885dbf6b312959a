"""The distributions of a search space: each is [its name, its arguments]."""


def _refuse(text):
    from azureml.train.hyperdrive.exceptions import HyperDriveConfigException

    raise HyperDriveConfigException(text)


def _ordered(name, min_value, max_value):
    if not min_value < max_value:
        _refuse("{} expects min_value < max_value".format(name))


def _whole(name, q):
    if not isinstance(q, int):
        _refuse("{} expects q to be an int".format(name))


def choice(*options):
    if not options:
        _refuse("Please specify an input for choice.")
    if len(options) == 1 and isinstance(options[0], (list, tuple, range)):
        options = options[0]
    return ["choice", [list(options)]]


def randint(upper):
    if upper <= 0:
        _refuse("randint expects a positive number as input")
    return ["randint", [upper]]


def uniform(min_value, max_value):
    _ordered("uniform", min_value, max_value)
    return ["uniform", [min_value, max_value]]


def quniform(min_value, max_value, q):
    _whole("quniform", q)
    _ordered("quniform", min_value, max_value)
    return ["quniform", [min_value, max_value, q]]


def loguniform(min_value, max_value):
    _ordered("loguniform", min_value, max_value)
    return ["loguniform", [min_value, max_value]]


def qloguniform(min_value, max_value, q):
    _whole("qloguniform", q)
    _ordered("qloguniform", min_value, max_value)
    return ["qloguniform", [min_value, max_value, q]]


def normal(mu, sigma):
    return ["normal", [mu, sigma]]


def qnormal(mu, sigma, q):
    _whole("qnormal", q)
    return ["qnormal", [mu, sigma, q]]


def lognormal(mu, sigma):
    return ["lognormal", [mu, sigma]]


def qlognormal(mu, sigma, q):
    _whole("qlognormal", q)
    return ["qlognormal", [mu, sigma, q]]


_ARGUMENTS = {
    "choice": ["values"],
    "randint": ["upper"],
    "uniform": ["min_value", "max_value"],
    "loguniform": ["min_value", "max_value"],
    "quniform": ["min_value", "max_value", "q"],
    "qloguniform": ["min_value", "max_value", "q"],
    "normal": ["mu", "sigma"],
    "lognormal": ["mu", "sigma"],
    "qnormal": ["mu", "sigma", "q"],
    "qlognormal": ["mu", "sigma", "q"],
}


def as_v2(expression):
    """One entry of a v2 search_space; a plain value is the only choice."""
    if not isinstance(expression, list) or len(expression) != 2 or expression[0] not in _ARGUMENTS:
        return {"type": "choice", "values": [expression]}
    kind, arguments = expression
    return dict(zip(["type"] + _ARGUMENTS[kind], [kind] + list(arguments)))
