"""run.log and its family: what arrives, what is refused and with which words, what it costs."""
import json
import math
import unittest

from support import RUN, ShimTest

from azureml.exceptions import AzureMLException, UserErrorException


class Metrics(ShimTest):
    def setUp(self):
        super().setUp()
        self.run_ = self.enter_step()

    def arrived(self):
        self.run_.flush()
        return self.gateway.metrics(RUN)

    def test_scalars_arrive_with_their_types_steps_and_order(self):
        for value in (1, 2.5, "text", True, None):
            self.run_.log("v", value)
        self.run_.log("s", 1, step=7)
        self.assertEqual(self.arrived(), {"v": [1, 2.5, "text", True, None], "s": [1]})
        self.assertEqual([point["step"] for point in self.state.points[RUN]], [None] * 5 + [7])

    def test_what_json_has_no_numbers_for_comes_back_as_it_was(self):
        for value in (float("nan"), float("inf"), float("-inf")):
            self.run_.log("odd", value)
        self.assertEqual(self.arrived()["odd"], ["NaN", "Infinity", "-Infinity"])
        nan, high, low = self.run_.get_metrics()["odd"]
        self.assertTrue(math.isnan(nan) and high == math.inf and low == -math.inf)

    def test_a_list_is_no_scalar(self):
        for value in ([1], range(3), (i for i in [1])):
            self.assertEqual(
                self.message(UserErrorException, self.run_.log, "a", value),
                "run.log does not support list type. Use run.log_list instead",
            )

    def test_what_is_no_scalar_becomes_its_text_with_a_warning(self):
        with self.assertLogs("azureml", "WARNING") as logs:
            self.run_.log("d", {"a": 1})
        self.assertIn("Converted key d of value {'a': 1} to {'a': 1}.", logs.output[0])
        self.assertEqual(self.arrived(), {"d": ["{'a': 1}"]})

    def test_numpy_numbers_become_pythons(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed")
        self.run_.log_list("n", [numpy.int64(3), numpy.float32(0.5), numpy.bool_(True), numpy.str_("x")])
        self.run_.log("n1", numpy.uint8(7))
        self.assertEqual(json.dumps(self.arrived()), '{"n": [[3, 0.5, true, "x"]], "n1": [7]}')

    def test_a_step_is_an_integer(self):
        self.run_.log("s", 1, step=2.0)
        self.assertIn("step must be an integer", self.message(UserErrorException, self.run_.log, "s", 1, step="a"))
        self.run_.flush()
        self.assertEqual(self.state.points[RUN][0]["step"], 2)

    def test_lists(self):
        self.run_.log_list("l", [1, "a", None])
        self.run_.log_list("l", [2])
        self.run_.log_list("one", [5])
        self.run_.log_list("none", [])
        self.assertEqual(self.run_.get_metrics(), {"l": [1, "a", None, 2], "one": 5})
        text = self.message(AzureMLException, self.run_.log_list, "l", [[1]])
        self.assertTrue(text.startswith("Value of type <class 'list'> is not supported, supported types include ["), text)

    def test_rows_accumulate_to_columns(self):
        self.run_.log_row("once", a=1, b="x")
        self.run_.log_row("r", a=1)
        self.run_.log_row("r", a=2, b=3)
        self.assertEqual(self.run_.get_metrics(), {"once": {"a": 1, "b": "x"}, "r": {"a": [1, 2], "b": [None, 3]}})
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_row, "r", c=[1]),
            "Rows cannot contain list values, column c contains a list.",
        )

    def test_tables(self):
        self.run_.log_table("t", {"x": [1, 2], "y": [3, 4]})
        self.run_.log_table("flat", {"x": 1, "y": 2})
        self.assertEqual(self.run_.get_metrics(), {"t": {"x": [1, 2], "y": [3, 4]}, "flat": {"x": 1, "y": 2}})
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_table, "t", {"x": [1, 2], "y": [3]}),
            "Columns must have the same length, column x had length 2, however, column y had length 1.",
        )
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_table, "t", [1]),
            "Argument [Table] is of invalid type. Expected type: [dict[string]: column]",
        )

    def test_a_picture_is_a_file_of_the_run_and_a_metric(self):
        picture = self.write("p.png", b"\x89PNG\r\n\x1a\n....")
        self.run_.log_image("curve", path="p.png")
        self.assertEqual(self.arrived(), {"curve": ["aml://artifactId/ExperimentRun/dcid.r1/p.png"]})
        with open(picture, "rb") as file:
            self.assertEqual(self.state.files[RUN]["p.png"], file.read())
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_image, "i"),
            "Invalid parameters, one of path and plot is required as input",
        )
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_image, "i", path="a", plot=self),
            "Invalid parameters, path and plot were both provided, only one at a time is supported",
        )
        self.write("no.png", "text")
        self.assertEqual(
            self.message(AzureMLException, self.run_.log_image, "i", path="no.png"), "Argument [no.png] is malformed."
        )
        self.assertRaises(FileNotFoundError, self.run_.log_image, "i", path="nowhere.png")

    def test_a_plot_is_saved_as_png(self):
        class Figure:
            def savefig(self, file, format):
                file.write(b"drawn as " + format.encode())

        self.run_.log_image("fig", plot=Figure())
        (name,) = self.state.files[RUN]
        self.assertRegex(name, r"^fig_\d+\.png$")
        self.assertEqual(self.state.files[RUN][name], b"drawn as png")

    def test_documents_are_dictionaries_or_their_json(self):
        matrix = {"schema_type": "confusion_matrix", "data": {"class_labels": ["0"], "matrix": [[1]]}}
        self.run_.log_confusion_matrix("a", matrix)
        self.run_.log_accuracy_table("b", json.dumps(matrix))
        self.run_.log_residuals("c", matrix)
        self.run_.log_predictions("d", matrix)
        self.run_.flush()
        points = self.state.points[RUN]
        self.assertEqual([p["kind"] for p in points], ["confusion_matrix", "accuracy_table", "residuals", "predictions"])
        self.assertTrue(all(point["value"] == matrix for point in points))
        self.assertEqual(
            self.message(UserErrorException, self.run_.log_confusion_matrix, "a", "{"), "Invalid JSON provided"
        )

    def test_metrics_of_the_runs_below(self):
        child = self.run_.child_run("part", run_id="c1")
        child.log("x", 1)
        self.run_.log("y", 2)
        self.assertEqual(self.run_.get_metrics(recursive=True), {RUN: {"y": 2}, "c1": {"x": 1}})
        self.assertEqual(self.run_.get_metrics("nothing"), {})

    def test_what_the_cloud_would_not_keep_is_told_once(self):
        out = self.python(
            "from azureml.core import Run\nrun = Run.get_context()\n"
            "for i in range(60): run.log('m%d' % i, i)\n"
            "run.log('x' * 300, 1)\nrun.log_row('r', **{'c%d' % i: i for i in range(16)})\nrun.log('t', 'y' * 256)\n"
            "for i in range(52): run.tag('k%d' % i, 'v')\nrun.tag('long', 'z' * 1001)\nrun.add_properties({'p' * 101: 'v'})\n"
            "run.log_list('many', [0] * 999_999)\nrun.log('many', 1)\nrun.log('many', 1)\nprint('done')\n"
        )
        self.assertEqual(out, "done\n")
        for text in (
            "logs more than 50 metrics by name", "has 300 characters: the cloud allows 255", "'r' has 16 columns: the cloud allows 15",
            "'t' has a text of 256 characters", "this run has more than 50 tags", "tag 'long' has a text of 1001 characters",
            "has a name of 101 characters", "'many' has more than 1,000,000 values",
        ):
            self.assertEqual(self.stderr.count(text), 1, (text, self.stderr))


if __name__ == "__main__":
    unittest.main()
