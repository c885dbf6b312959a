"""Pipeline: how steps find each other, and what is refused when."""
import os
import unittest

from support import DefinitionTest


class Construction(DefinitionTest):
    def pipeline(self, steps, **named):
        from azureml.pipeline.core import Pipeline

        return Pipeline(self.workspace, steps, **named)

    def names(self, pipeline):
        return [node.step.name for node in pipeline._graph.nodes]

    def test_what_is_needed_is_pulled_in(self):
        from azureml.pipeline.core import PipelineData

        data = PipelineData("d", self.datastore)
        first, other = self.step(name="first", outputs=[data]), self.step(name="other")
        last = self.step(name="last", inputs=[data])
        last.run_after(other)
        self.assertEqual(self.names(self.pipeline([last])), ["first", "other", "last"])
        self.assertEqual(self.names(self.pipeline(last)), ["first", "other", "last"])
        self.assertEqual(self.names(self.pipeline([data])), ["first"])
        self.assertEqual(self.names(self.pipeline([first, [other, first]])), ["first", "other"])

    def test_a_sequence_is_one_after_the_other(self):
        from azureml.pipeline.core import StepSequence

        a, b, c, d = [self.step(name=name) for name in "abcd"]
        pipeline = self.pipeline(StepSequence([a, [b, c], d]))
        self.assertEqual(
            {node.step.name: [each.step.name for each in node.after] for node in pipeline._graph.nodes},
            {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
        )

    def test_what_is_no_step(self):
        for steps, word in ((None, "NoneType"), ([1], "int"), ((self.step(),), "tuple")):
            self.assertEqual(
                self.message(NotImplementedError, self.pipeline, steps), "Can not add object of type {} to Pipeline.".format(word)
            )
        self.assertEqual(self.pipeline([]).validate(), [])
        self.assertEqual(
            self.message(ValueError, self.pipeline, [self.step()], bogus=1), "parameter bogus is not recognized for Pipeline "
        )

    def test_data_that_nobody_makes(self):
        from azureml.pipeline.core import PipelineData

        data = PipelineData("d3", self.datastore)
        step = self.step(name="c", inputs=[data])
        self.assertEqual(
            self.message(ValueError, self.pipeline, [step]), "Input d3 on step c is not connected to any previous step"
        )
        self.assertEqual(
            self.message(ValueError, self.pipeline, [data]),
            "Cannot build graph as step output [d3] does not have a producer. Please add to the outputs list of the step "
            "that produces it",
        )

    def test_one_output_of_two_steps(self):
        from azureml.pipeline.core import PipelineData

        data = PipelineData("d4", self.datastore)
        self.step(name="p1", outputs=[data])
        self.assertEqual(
            self.message(ValueError, self.step, name="p2", outputs=[data]),
            "Step output d4 can not be used as an output for step p2, as it is already an output of step p1.",
        )

    def test_a_dataset_that_its_maker_did_not_promise(self):
        from azureml.pipeline.core import PipelineData

        data = PipelineData("d", self.datastore)
        self.step(name="make", outputs=[data])
        use = self.step(name="use", inputs=[data.as_dataset().as_named_input("x")])
        self.assertEqual(
            self.message(ValueError, self.pipeline, [use]),
            'Input "x" is expected to be consumed as a dataset but the output "d" is not promoted to a dataset. Please make '
            "sure you've passed the object returned by as_dataset to the outputs parameter of the step.",
        )

    def test_parameters_of_one_name(self):
        from azureml.pipeline.core import PipelineParameter

        steps = [self.step(name=str(n), arguments=[PipelineParameter("p", n)]) for n in (1, 2)]
        self.assertEqual(
            self.message(Exception, self.pipeline, steps),
            "Pipeline parameters with same name p but different values 1, 2 used",
        )
        steps = [self.step(name=str(n), arguments=[PipelineParameter("p", 1)]) for n in (1, 2)]
        self.assertEqual(list(self.pipeline(steps)._graph.parameters), ["p"])

    def test_missing_script_and_compute(self):
        from azureml.pipeline.steps import PythonScriptStep

        self.assertEqual(
            self.message(ValueError, self.pipeline, [PythonScriptStep("no.py", name="m", compute_target="cpu", source_directory="src")]),
            "Step [m]: script not found at: {}. Make sure to specify an appropriate source_directory on the Step or "
            "default_source_directory on the Pipeline.".format(os.path.join(self.folder, "src", "no.py")),
        )
        self.write("src/x.py")
        self.assertEqual(
            self.message(ValueError, self.pipeline, [PythonScriptStep("x.py", source_directory="src")]),
            "compute target is required",
        )
        self.pipeline([PythonScriptStep("x.py", compute_target="cpu")], default_source_directory="src")

    def test_accepted(self):
        step = self.step(name="again")
        self.assertEqual(self.names(self.pipeline([step, step])), ["again"])
        twins = self.pipeline([self.step(name="Same name!"), self.step(name="Same name!")])
        self.assertEqual([node.key for node in twins._graph.nodes], ["same_name", "same_name_2"])
        step.run_after(step)
        step.run_after("text")
        self.pipeline([step])


class Validation(DefinitionTest):
    def test_cycles_are_found_by_validate(self):
        from azureml.pipeline.core import Pipeline, PipelineData

        one, two = PipelineData("one", self.datastore), PipelineData("two", self.datastore)
        a = self.step(name="s1", inputs=[two], outputs=[one])
        b = self.step(name="s2", inputs=[one], outputs=[two])
        problems, printed = self.printed(Pipeline(self.workspace, [a, b]).validate)
        self.assertEqual(len(problems), 1)
        self.assertRegex(problems[0], r"^Cycle detected including node s[12]\([0-9a-f]{8}\)$")
        self.assertEqual(printed, "")

    def test_run_after_cycle(self):
        from azureml.pipeline.core import Pipeline

        a, b = self.step(name="a"), self.step(name="b")
        a.run_after(b)
        b.run_after(a)
        self.assertEqual(len(Pipeline(self.workspace, [a, b]).validate()), 1)

    def test_a_good_one_names_its_steps(self):
        from azureml.pipeline.core import Pipeline

        problems, printed = self.printed(Pipeline(self.workspace, [self.step(name="p1")]).validate)
        self.assertEqual(problems, [])
        self.assertRegex(printed, r"^Step p1 is ready to be created \[[0-9a-f]{8}\]\n$")

    def test_parameters_that_there_are_not(self):
        from azureml.data.datapath import DataPath
        from azureml.pipeline.core import Pipeline, PipelineParameter

        pipeline = Pipeline(self.workspace, [self.step(arguments=[PipelineParameter("p", 1)])])
        self.assertEqual(
            self.message(Exception, pipeline.submit, "exp", {"nope": 1}), "Pipeline parameter with name nope does not exist"
        )
        self.assertEqual(self.gateway.requests, [])
        from azureml.data.datapath import DataPathComputeBinding

        place = PipelineParameter("place", DataPath(self.datastore, "x"))
        bound = (place, DataPathComputeBinding("mount"))
        pipeline = Pipeline(self.workspace, [self.step(arguments=[bound], inputs=[bound])])
        self.assertIn(
            "Pipeline parameter with name place is of incorrect type <class 'str'>",
            self.message(TypeError, pipeline.submit, "exp", {"place": "text"}),
        )


if __name__ == "__main__":
    unittest.main()
