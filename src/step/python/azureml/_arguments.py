"""The arguments of a v1 step as words of a bash command.

A v1 argument reaches the script as one argument whatever is in it, after the variables in it were replaced. So each
one is quoted; data is ${{inputs.x}} and ${{outputs.y}}; texts of the user stay out of bash's hands.
"""
import re

_REFERENCE = re.compile(
    r"\$\{?AZUREML_DATAREFERENCE_(?P<data>\w+)\}?"
    r"|\$\{?AZURE_ML_INPUT_(?P<input>\w+)\}?|DatasetConsumptionConfig:(?P<consumed>\w+)"
    r"|\$\{?AZURE_ML_OUTPUT_(?P<output>\w+)\}?|DatasetOutputConfig:(?P<written>\w+)"
    r"|\$\{?AML_PARAMETER_(?P<parameter>\w+)\}?"
    r"|\$\{(?P<braced>[A-Za-z_]\w*)\}|\$(?P<variable>[A-Za-z_]\w*)"
)
_PLAIN = re.compile(r"[\w@%+=:,./-]+\Z", re.ASCII)


class Names:
    """A step's v1 names → the names of v2 inputs and outputs. Equal names differ in more than case."""

    def __init__(self):
        self.inputs, self.outputs, self.parameters = {}, {}, {}
        self._taken = {"inputs": set(), "outputs": set()}

    def input(self, name):
        return self.inputs.setdefault(name, self._free("inputs", name))

    def output(self, name):
        return self.outputs.setdefault(name, self._free("outputs", name))

    def parameter(self, name):
        if name not in self.parameters:
            self.parameters[name] = self._free("inputs", name)
        return self.parameters[name]

    def _free(self, side, name):
        word = free_name(name, self._taken[side])
        self._taken[side].add(word.lower())
        return word


def free_name(name, taken):
    """`name` as a v2 input or output may be called, and not one of `taken` (in lower case)."""
    word = re.sub(r"\W", "_", str(name), flags=re.ASCII) or "_"
    word = "_" + word if word[0].isdigit() else word
    found, number = word, 1
    while found.lower() in taken:
        number += 1
        found = "{}_{}".format(word, number)
    return found


class Words:
    """Arguments of one step → bash. `node` is the step in its graph, `names` what its ports are called."""

    def __init__(self, node, names, texts=()):
        self._node, self._names = node, names
        # Parameters that are texts may hold quotes: they go through their variable.
        self._texts = frozenset(texts)

    def line(self, arguments):
        """The arguments, each one word."""
        return " ".join(self.word(each) for each in arguments)

    def word(self, argument):
        """One argument, quoted where it has to be."""
        if isinstance(argument, list):
            return self.line(argument)
        found = self.binding(argument)
        if found is not None:
            return '"{}"'.format(found)
        text = str(argument)
        if text.startswith("parameter:") and text[len("parameter:") :] in self._names.parameters:
            return '"{}"'.format(self._parameter(text[len("parameter:") :]))
        if text and _PLAIN.match(text) and not _REFERENCE.search(text):
            return text
        return '"{}"'.format(self._replaced(text, quoted))

    def raw(self, command):
        """A command that bash is to read: only what stands for data and parameters is replaced."""
        parts = command if isinstance(command, list) else [command]
        return " ".join(self.binding(each) or self._replaced(str(each), str, keep_variables=True) for each in parts)

    def _replaced(self, text, escape, keep_variables=False):
        pieces, at = [], 0
        for match in _REFERENCE.finditer(text):
            replacement = self._reference(match, keep_variables)
            if replacement is None:
                continue
            pieces += [escape(text[at : match.start()]), replacement]
            at = match.end()
        return "".join(pieces) + escape(text[at:])

    def _reference(self, match, keep_variables):
        names, kind, name = self._names, match.lastgroup, match.group(match.lastgroup)
        if kind == "parameter" and name in names.parameters:
            return self._parameter(name)
        if kind in ("data", "output", "written") and name in names.outputs:
            return "${{outputs.%s}}" % names.outputs[name]
        if kind in ("data", "input", "consumed") and name in names.inputs:
            return "${{inputs.%s}}" % names.inputs[name]
        if keep_variables or kind in ("consumed", "written"):
            return None
        # As in the cloud: a variable that is set is replaced, another one stays as it is written.
        written = match.group(0)
        return "${%s-%s}" % (written.strip("${}"), written.replace("$", "\\$").replace("}", "\\}"))

    def _parameter(self, name):
        if name in self._texts and re.match(r"[A-Za-z_]\w*\Z", str(name), re.ASCII):
            return "${AML_PARAMETER_%s}" % name
        return "${{inputs.%s}}" % self._names.parameters[name]

    def binding(self, argument):
        """The expression for an object that stands for data or a parameter, or None."""
        from azureml.pipeline.core.graph import PipelineParameter

        if isinstance(argument, PipelineParameter):
            return self._parameter(argument.name)
        if isinstance(argument, (str, int, float, bool)) or argument is None:
            return None
        step = self._node.step
        for given, port in zip(step._inputs, step._input_ports):
            if given is argument or (isinstance(argument, tuple) and given == argument):
                return "${{inputs.%s}}" % self._names.inputs[port.name]
        key = _key(argument)
        for port in step._output_ports:
            if key is not None and port.producer_key is key and not _is_consumption(argument):
                return "${{outputs.%s}}" % self._names.outputs[port.name]
        for port in step._input_ports:
            if (key is not None and port.producer_key is key) or port.name == _name(argument):
                return "${{inputs.%s}}" % self._names.inputs[port.name]
        return None


def _key(argument):
    from azureml.pipeline.core import _ports

    return _ports.key_of(getattr(argument, "_pipeline_data", None) or argument)


def _is_consumption(argument):
    return hasattr(argument, "bind_object") or type(argument).__name__ == "DatasetConsumptionConfig"


def _name(argument):
    return getattr(argument, "data_reference_name", None) or getattr(argument, "input_name", None) or getattr(
        argument, "name", None
    )


def quoted(text):
    """Text inside double quotes that bash leaves as it is, and that is no expression of a v2 definition."""
    text = re.sub(r'([\\"`$])', r"\\\1", text)
    return text.replace("\\${{", '\\$""{{').replace("\\$[[", '\\$""[[')
