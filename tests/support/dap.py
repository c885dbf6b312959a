"""A debugger's client: the Debug Adapter Protocol over a socket, as VS Code speaks it."""

import json
import socket
import time


class Client:
    def __init__(self, port, deadline=60):
        end = time.monotonic() + deadline
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=deadline)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.file = self.socket.makefile("rb")
        self.number, self.messages = 0, []

    def send(self, command, **arguments):
        self.number += 1
        text = json.dumps({"seq": self.number, "type": "request", "command": command, "arguments": arguments}).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n" % len(text) + text)
        return self.number

    def read(self):
        length = 0
        while True:
            line = self.file.readline()
            if not line:
                raise EOFError("the debugger hung up")
            if line == b"\r\n":
                break
            name, value = line.split(b":")
            if name == b"Content-Length":
                length = int(value)
        return json.loads(self.file.read(length))

    def wait(self, wanted):
        """The first message, of those that came and those to come, for which it holds."""
        for at, message in enumerate(self.messages):
            if wanted(message):
                return self.messages.pop(at)
        while True:
            message = self.read()
            if wanted(message):
                return message
            self.messages.append(message)

    def event(self, name):
        return self.wait(lambda m: m["type"] == "event" and m["event"] == name).get("body")

    def answer(self, number):
        message = self.wait(lambda m: m["type"] == "response" and m["request_seq"] == number)
        if not message["success"]:
            raise AssertionError(message)
        return message.get("body")

    def ask(self, command, **arguments):
        return self.answer(self.send(command, **arguments))

    def attach(self, entry, breakpoints):
        """With an entry of launch.json; `breakpoints`: file → lines, where the user has them. What became of each."""
        self.ask("initialize", adapterID="test", pathFormat="path", linesStartAt1=True, columnsStartAt1=True)
        attached = self.send("attach", **entry)
        self.event("initialized")
        found = {}
        for path, lines in breakpoints.items():
            body = self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line} for line in lines])
            found[path] = body["breakpoints"]
        self.ask("configurationDone")
        self.answer(attached)
        return found

    def stopped(self):
        """The frame it stopped in: its file as the user has it, its line, and its variables."""
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        scopes = self.ask("scopes", frameId=frame["id"])["scopes"]
        variables = self.ask("variables", variablesReference=scopes[0]["variablesReference"])["variables"]
        return frame["source"]["path"], frame["line"], {each["name"]: each["value"] for each in variables}, thread

    def go_on(self, thread):
        self.ask("continue", threadId=thread)

    def close(self):
        self.file.close()
        self.socket.close()
