"""The root of the v1 SDK's exceptions and the text that str() makes of one."""


class AzureMLException(Exception):
    """`message` is the plain text. str() is the real SDK's: the class, the message, the inner
    exception, and a JSON document with the error codes from the root of the class tree down."""

    def __init__(
        self,
        exception_message,
        inner_exception=None,
        target=None,
        details=None,
        message_format=None,
        message_parameters=None,
        reference_code=None,
        **kwargs
    ):
        super().__init__(exception_message)
        self._exception_message = exception_message
        self._inner_exception = inner_exception
        self._target = target
        self._details = details

    @property
    def message(self):
        return self._exception_message

    @property
    def inner_exception(self):
        return self._inner_exception

    @classmethod
    def _codes(cls):
        """The error codes of the classes, the root's first."""
        codes = []
        for one in reversed(cls.__mro__):
            code = one.__dict__.get("_error_code")
            if code:
                codes.append(code)
        return codes

    def _serialize_json(self):
        import json

        error = {"message": self._exception_message}
        if self._target:
            error["target"] = self._target
        if self._details:
            error["details"] = self._details
        codes = self._codes()
        head = {"code": codes[0]} if codes else {}
        inner = None
        for code in reversed(codes[1:]):
            inner = {"code": code, "inner_error": inner} if inner else {"code": code}
        if inner:
            head["inner_error"] = inner
        return json.dumps({"error": dict(head, **error)}, indent=4, default=str)

    def print_stacktrace(self):
        import traceback

        traceback.print_exception(type(self), self, self.__traceback__)

    def __str__(self):
        return "{}:\n\tMessage: {}\n\tInnerException {}\n\tErrorResponse \n{}".format(
            type(self).__name__, self._exception_message, self._inner_exception, self._serialize_json()
        )

    __repr__ = __str__

    def __reduce__(self):
        # The constructors of the classes take other things than args: a worker's exception has to arrive.
        return _again, (type(self), self.args, self.__dict__)


def _again(kind, args, state):
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class AzureMLAggregatedException(AzureMLException):
    """Several exceptions at once, as uploads and downloads of many files raise them."""

    def __init__(self, exceptions_list, **kwargs):
        self._exceptions_list = list(exceptions_list)
        super().__init__("\n".join(str(one) for one in self._exceptions_list), **kwargs)
