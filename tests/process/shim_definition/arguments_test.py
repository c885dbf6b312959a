"""Arguments of a step reach the script as they were written: real bash runs the command of the job."""
import json
import os
import subprocess
import unittest

from support import DefinitionTest

AWKWARD = [
    "plain", "", " ", "two words", "it's", 'say "yes"', "back\\slash", "tail\\", "`id`", "$(id)", "a;b", "a|b&c", "*", "~", "#x",
    "$", "$$", "${", "$1x", "a\nb", "\ttab", "{}", "!x", "ünï", "-n", "--x=1 2", "${{inputs.no}}", "$[[x]]", "%s", "\\$NOBODY", "a=b",
    "<x>", "x\\\"y", "''", '""', "[a]", "100%", "x$",
]


class Arguments(DefinitionTest):
    def received(self, step, inputs=None, outputs=None, values=None, **environment):
        """What the script of a step gets as sys.argv[1:], and of its environment."""
        self.write(
            "src/train.py", "import json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
        )
        entry = self.job(step, values=values)["jobs"]
        entry = entry[list(entry)[-1]]
        job_inputs = self.job(step, values=values).get("inputs", {})
        given = {}
        for name, value in entry.get("inputs", {}).items():
            text = value if isinstance(value, (str, int, float, bool)) else (inputs or {}).get(name, "/in/" + name)
            if isinstance(text, str) and text.startswith("${{parent.inputs."):
                text = job_inputs[text[len("${{parent.inputs.") : -2]]
            given["${{inputs.%s}}" % name] = str(text)
        for name in entry.get("outputs", {}):
            given["${{outputs.%s}}" % name] = (outputs or {}).get(name, "/out/" + name)

        def filled(text):
            for expression, value in given.items():
                text = text.replace(expression, value)
            return text

        variables = {"PATH": os.environ["PATH"], "HOME": "/home/someone"}
        variables.update({key: filled(value) for key, value in entry["environment_variables"].items()}, **environment)
        out = subprocess.run(
            ["/bin/bash", "-c", filled(entry["command"])], cwd=entry["code"], env=variables, stdout=subprocess.PIPE, check=True
        ).stdout
        return json.loads(out.decode())

    def test_every_text_arrives_as_it_is(self):
        arguments, _ = self.received(self.step(arguments=list(AWKWARD)))
        # What v2 takes for an expression of its own cannot be written without a seam; the text is the same.
        self.assertEqual(arguments, AWKWARD)

    def test_numbers_and_other_objects_are_texts(self):
        arguments, _ = self.received(self.step(arguments=[1, 2.5, True, None, ["nested", 3]]))
        self.assertEqual(arguments, ["1", "2.5", "True", "None", "nested", "3"])

    def test_variables_that_are_set_are_replaced(self):
        arguments, _ = self.received(self.step(arguments=["$HOME/x", "${HOME}y", "$NOBODY_HAS_IT", "a ${NOR_THIS} b"]))
        self.assertEqual(arguments, ["/home/someone/x", "/home/someoney", "$NOBODY_HAS_IT", "a ${NOR_THIS} b"])

    def test_data(self):
        from azureml.data import OutputFileDatasetConfig
        from azureml.data.data_reference import DataReference
        from azureml.pipeline.core import PipelineData

        raw = DataReference(self.datastore, "raw", "in")
        clean, out = PipelineData("clean", self.datastore), OutputFileDatasetConfig("out")
        step = self.step(
            arguments=["--in", raw, "--sub", "{}/sub dir".format(raw), "--to", clean, str(clean), "--out", out], inputs=[raw],
            outputs=[clean],
        )
        arguments, environment = self.received(step, inputs={"raw": "/some where/raw"})
        self.assertEqual(
            arguments,
            ["--in", "/some where/raw", "--sub", "/some where/raw/sub dir", "--to", "/out/clean", "/out/clean", "--out", "/out/out"],
        )
        self.assertEqual(environment["AZUREML_DATAREFERENCE_raw"], "/some where/raw")
        self.assertEqual(environment["AZUREML_DATAREFERENCE_clean"], "/out/clean")
        self.assertEqual(environment["AZUREML_DATASET_FILE_OUTPUTS"], "out")
        self.assertEqual(environment["out"], "/out/out")

    def test_consumed_data(self):
        from azureml.data import OutputFileDatasetConfig

        made = OutputFileDatasetConfig("made")
        before = self.step("before.py", [made], name="before")
        step = self.step(arguments=["--data", made.as_input("data"), "DatasetConsumptionConfig:data"])
        self.job(before)
        arguments, environment = self.received(step)
        self.assertEqual(arguments, ["--data", "/in/data", "/in/data"])
        self.assertEqual(environment["AZUREML_DATASET_ENVIRONMENT_VARS"], "data:mount")
        self.assertEqual((environment["data"], environment["DATA"]), ("/in/data", "/in/data"))

    def test_parameters(self):
        from azureml.pipeline.core import PipelineParameter

        # The value of a job's input cannot hold an expression.
        texts = {"who{}".format(at): text for at, text in enumerate(AWKWARD) if "${{" not in text}
        rate, people = PipelineParameter("rate", 0.1), [PipelineParameter(name, "x") for name in texts]
        step = self.step(
            arguments=["--rate", rate, "parameter:own", "$AML_PARAMETER_own"] + people, params={"own": 7, "that": people[1]}
        )
        arguments, environment = self.received(step, values=dict(texts, rate=2))
        self.assertEqual(arguments, ["--rate", "2", "7", "7"] + list(texts.values()))
        self.assertEqual({name: environment["AML_PARAMETER_" + name] for name in texts}, texts)
        self.assertEqual((environment["AML_PARAMETER_that"], environment["AML_PARAMETER_rate"]), (texts["who1"], "2"))

    def test_an_input_and_an_output_of_one_name(self):
        from azureml.data.data_reference import DataReference
        from azureml.pipeline.core import PipelineData

        before, after = DataReference(self.datastore, "data", "in"), PipelineData("data", self.datastore)
        step = self.step(arguments=[before, after], inputs=[before], outputs=[after])
        arguments, _ = self.received(step)
        self.assertEqual(arguments, ["/in/INPUT_data", "/out/data"])

    def test_names_that_v2_does_not_take(self):
        from azureml.data.data_reference import DataReference

        one, two = DataReference(self.datastore, "1a", "in"), DataReference(self.datastore, "x", "in")
        three = DataReference(self.datastore, "X", "in")
        step = self.step(arguments=[one, two, three], inputs=[one, two, three])
        self.assertEqual(list(self.job(step)["jobs"]["train"]["inputs"]), ["_1a", "x", "X_2"])
        self.assertEqual(self.received(step)[0], ["/in/_1a", "/in/x", "/in/X_2"])

    def test_command(self):
        from azureml.pipeline.core import PipelineParameter
        from azureml.pipeline.steps import CommandStep

        self.write("src/train.py")
        step = CommandStep(
            command=["python train.py --n", PipelineParameter("n", 3), '&& echo "$HOME"'], compute_target="cpu", source_directory="src"
        )
        self.assertEqual(
            self.job(step)["jobs"]["python"]["command"], 'python train.py --n ${{inputs.n}} && echo "$HOME"'
        )


if __name__ == "__main__":
    unittest.main()
