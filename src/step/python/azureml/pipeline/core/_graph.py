"""The steps of a pipeline with what connects them: found, completed and checked when the Pipeline is made."""
from azureml.pipeline.core import _ports
from azureml.pipeline.core.builder import PipelineData, PipelineStep, StepSequence, flat
from azureml.pipeline.core.graph import PipelineParameter


class Node:
    """A step in this pipeline. `producers`: {input's name: (node, output port)}."""

    def __init__(self, step, key, identity):
        self.step, self.key, self.id = step, key, identity
        self.inputs, self.outputs = step._input_ports, step._output_ports
        self.producers = {}
        self.after = []  # nodes without whose end it does not start, beside the producers

    @property
    def before_it(self):
        return [node for node, _ in self.producers.values()] + self.after


class Graph:
    def __init__(self, steps, resolve_closure=True, default_source_directory=None):
        self.default_source_directory = default_source_directory
        groups = _groups(steps)
        members = []
        for group in groups:
            for step in group:
                _add(members, step, resolve_closure)
        keys = _Keys()
        self.nodes = [Node(step, keys.take(step.name), _identity(at)) for at, step in enumerate(members)]
        self._of = {id(node.step): node for node in self.nodes}
        for node in self.nodes:
            self._connect(node)
        for earlier, later in zip(groups, groups[1:]) if isinstance(steps, StepSequence) else ():
            for step in later:
                self._of[id(step)].after += [self._of[id(each)] for each in earlier]
        self.parameters = _parameters(self.nodes)

    def _connect(self, node):
        makers = {port.producer_key: (each, port) for each in self.nodes for port in each.outputs}
        for port in node.inputs:
            key = port.producer_key
            if key is None:
                continue
            if key not in makers:
                raise ValueError(
                    "Input {0} on step {1} is not connected to any previous step".format(port.name, node.step.name)
                )
            maker, output = makers[key]
            if port.as_dataset and not output.promoted:
                raise ValueError(
                    'Input "{}" is expected to be consumed as a dataset but the output "{}" is not promoted to a '
                    "dataset. Please make sure you've passed the object returned by as_dataset to the outputs parameter "
                    "of the step.".format(port.name, output.name)
                )
            node.producers[port.name] = maker, output
        for step in node.step.run_after_steps:
            other = self._of.get(id(step))
            if other is not None and other not in node.after:
                node.after.append(other)

    def node_named(self, key):
        return next((node for node in self.nodes if node.key == key), None)

    def problems(self):
        """What validate() returns: the nodes that are on a cycle, in the real SDK's words."""
        found, done = [], set()
        for start in self.nodes:
            if id(start) in done:
                continue
            path, trail = [(start, iter(start.before_it))], {id(start)}
            while path:
                node, rest = path[-1]
                following = next(rest, None)
                if following is None:
                    path.pop()
                    trail.discard(id(node))
                    done.add(id(node))
                elif id(following) in trail:
                    found.append("Cycle detected including node {}({})".format(following.step.name, following.id))
                elif id(following) not in done:
                    trail.add(id(following))
                    path.append((following, iter(following.before_it)))
        return found


def _groups(steps):
    """Lists of steps. Of a StepSequence they run one after the other; otherwise there is one list."""
    if isinstance(steps, StepSequence):
        inner = steps._steps if isinstance(steps._steps, list) else [steps._steps]
        return [list(_members(each)) for each in inner]
    return [list(_members(steps))]


def _members(given):
    if isinstance(given, PipelineStep):
        yield given
    elif isinstance(given, PipelineData):
        if given._producer is None:
            raise ValueError(
                "Cannot build graph as step output [%s] does not have a producer. Please add to the outputs list of "
                "the step that produces it" % given.name
            )
        yield given._producer
    elif isinstance(given, list):
        for each in given:
            for step in _members(each):
                yield step
    elif isinstance(given, StepSequence):
        for each in given._steps:
            for step in _members(each):
                yield step
    else:
        raise NotImplementedError("Can not add object of type {} to Pipeline.".format(type(given).__name__))


def _add(members, step, resolve_closure):
    """`step`, before it what it needs: `steps=[last]` is enough."""
    pending, seen = [(step, False)], {id(each) for each in members}
    while pending:
        current, opened = pending.pop()
        if opened:
            members.append(current)
        elif id(current) not in seen:
            seen.add(id(current))
            pending.append((current, True))
            if resolve_closure:
                pending += [(each, False) for each in reversed(_needs(current))]


def _needs(step):
    needed = [port.producer_key._producer for port in step._input_ports if port.producer_key is not None
              and getattr(port.producer_key, "_producer", None) is not None]
    return needed + [each for each in step.run_after_steps if isinstance(each, PipelineStep)]


class _Keys:
    """v2's step names: lower case, digits, underscores; each once."""

    def __init__(self):
        self._taken = set()

    def take(self, name):
        import re

        word = re.sub(r"[^a-z0-9_]+", "_", str(name).lower().replace(".py", "")).strip("_") or "step"
        word = "_" + word if word[0].isdigit() else word
        key, number = word, 1
        while key in self._taken:
            number += 1
            key = "{}_{}".format(word, number)
        self._taken.add(key)
        return key


def _identity(at):
    import uuid

    return uuid.uuid4().hex[:8]


def _parameters(nodes):
    """{name: PipelineParameter} of the whole pipeline, in the order in which steps name them."""
    found = {}
    for node in nodes:
        for parameter in parameters_of(node.step):
            known = found.setdefault(parameter.name, parameter)
            if known is not parameter and known.default_value != parameter.default_value:
                raise Exception(
                    "Pipeline parameters with same name {0} but different values {1}, {2} used".format(
                        parameter.name, known.default_value, parameter.default_value
                    )
                )
    return found


def parameters_of(step):
    for argument in flat(step._arguments):
        if isinstance(argument, PipelineParameter):
            yield argument
    for value in (getattr(step, "_params", None) or {}).values():
        if isinstance(value, PipelineParameter):
            yield value
    for port in step._input_ports:
        source = port.source
        if isinstance(source, tuple):
            source = source[0]
        if isinstance(source, PipelineParameter):
            yield source
    for value in step._parameters_elsewhere():
        if isinstance(value, PipelineParameter):
            yield value
