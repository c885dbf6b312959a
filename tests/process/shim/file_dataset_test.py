"""FileDataset: which files it is, in which order, under which paths; names and versions in the workspace."""
import os
import threading
import unittest
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from support import ShimTest

from azureml.core import Dataset, Run
from azureml.data import FileDataset
from azureml.data.dataset_error_handling import DatasetExecutionError, DatasetValidationError
from azureml.exceptions import UserErrorException

FILES = ("in/a.csv", "in/b.txt", "in/sub/c.csv", "in/sub/deep/d.csv", "one.txt", "years/2020/01/x.csv", "years/2021/12/y.csv")


class DatasetTest(ShimTest):
    def setUp(self):
        super().setUp()
        self.enter_step()
        self.workspace = Run.get_context().experiment.workspace
        self.store = self.workspace.get_default_datastore()
        for name in FILES:
            self.put(name, "content of " + name)

    def put(self, name, text):
        path = os.path.join(self.state.datastores["workspaceblobstore"], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)

    def files(self, path, **named):
        return Dataset.File.from_files((self.store, path), **named)


class Paths(DatasetTest):
    def test_paths_begin_where_the_pattern_begins(self):
        for path, expected in (
            ("in", ["/a.csv", "/b.txt", "/sub/c.csv", "/sub/deep/d.csv"]),
            ("in/", ["/a.csv", "/b.txt", "/sub/c.csv", "/sub/deep/d.csv"]),
            ("one.txt", ["/one.txt"]),
            ("in/*.csv", ["/a.csv"]),
            ("in/**/*.csv", ["/a.csv", "/sub/c.csv", "/sub/deep/d.csv"]),
            ("in/**", ["/a.csv", "/b.txt", "/sub/c.csv", "/sub/deep/d.csv"]),
            ("*/sub/*.csv", ["/in/sub/c.csv"]),
            ("years/*/01", ["/2020/01/x.csv"]),
            ("in/?.txt", ["/b.txt"]),
        ):
            self.assertEqual(self.files(path).to_path(), expected, path)

    def test_several_places_keep_their_order(self):
        dataset = Dataset.File.from_files([(self.store, "one.txt"), (self.store, "in/*.csv")])
        self.assertEqual(dataset.to_path(), ["/one.txt", "/a.csv"])

    def test_nothing_there(self):
        text = self.message(DatasetValidationError, self.files, "nope/*.csv")
        self.assertTrue(text.startswith(
            "Cannot load any data from the specified path. Make sure the path is accessible and contains data.\n"), text)
        self.assertEqual(self.files("nope/*.csv", validate=False).to_path(), [])

    def test_wrong_paths(self):
        for path in ("data.csv", None, [], 5, ["http://x", (self.store, "a")], "https://x.blob.core.windows.net/c?sig=1"):
            text = self.message(UserErrorException, Dataset.File.from_files, path)
            self.assertTrue(text.startswith("Invalid argument type for `path`. It can be single value or a list of: "), text)
        for path in ((self.store, 5), ("a", "b"), (self.store,)):
            self.assertEqual(
                self.message(UserErrorException, Dataset.File.from_files, path),
                "Invalid tuple for path. Please make sure the tuple consists of a datastore and a path/SQL query",
            )
        self.assertIn("leads out of the datastore", self.message(UserErrorException, self.files, "../x"))

    def test_download(self):
        paths = self.files("in").download("got")
        self.assertEqual(paths[3], os.path.join(self.work, "got", "sub", "deep", "d.csv"))
        with open(paths[3]) as file:
            self.assertEqual(file.read(), "content of in/sub/deep/d.csv")
        text = self.message(UserErrorException, self.files("in").download, "got")
        self.assertEqual(text, 'File "{}" already exists. Set overwrite=True to overwrite it.'.format(paths[0]))
        self.assertEqual(self.files("in").download("got", overwrite=True), paths)
        self.assertTrue(os.path.isfile(self.files("one.txt").download()[0]))

    def test_mount(self):
        with self.files("in").mount() as mounted:
            with open(os.path.join(mounted.mount_point, "sub", "c.csv")) as file:
                self.assertEqual(file.read(), "content of in/sub/c.csv")
            place = mounted.mount_point
        self.assertFalse(os.path.exists(place))
        mounted = self.files("in/*.csv").mount("there")
        mounted.start()
        self.assertEqual(os.listdir("there"), ["a.csv"])
        self.assertIn("must be empty", self.message(UserErrorException, self.files("in").mount, "there"))
        mounted.stop()
        self.assertFalse(os.path.exists("there"))

    def test_an_address_is_fetched(self):
        self.write("served/w.txt", "from the web")

        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=self.work))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        base = "http://127.0.0.1:{}/served/".format(server.server_port)
        dataset = Dataset.File.from_files(base + "w.txt")
        self.assertEqual(dataset.to_path(), ["/w.txt"])
        with open(dataset.download("web")[0]) as file:
            self.assertEqual(file.read(), "from the web")
        text = self.message(DatasetExecutionError, Dataset.File.from_files(base + "no.txt").download)
        self.assertIn("no.txt cannot be fetched: HTTP Error 404", text)


class Records(DatasetTest):
    def test_take_skip_sample_split(self):
        dataset = self.files("in")
        self.assertEqual(dataset.take(2).to_path(), ["/a.csv", "/b.txt"])
        self.assertEqual(dataset.skip(3).to_path(), ["/sub/deep/d.csv"])
        self.assertEqual(dataset.skip(1).take(1).to_path(), ["/b.txt"])
        for number in range(40):
            self.put("many/{:02}".format(number), "")
        many = self.files("many")
        one, two = many.random_split(0.25, seed=3)
        self.assertEqual(sorted(one.to_path() + two.to_path()), many.to_path())
        self.assertTrue(3 <= len(one.to_path()) <= 18)
        one, two = many.random_split(0.5)
        self.assertEqual(sorted(one.to_path() + two.to_path()), many.to_path())
        self.assertEqual(many.take_sample(0.5, 1).to_path(), many.take_sample(0.5, 1).to_path())
        self.assertEqual((many.take_sample(0.0).to_path(), len(many.take_sample(1.0).to_path())), ([], 40))
        self.assertIn("between 0 and 1", self.message(UserErrorException, many.take_sample, 2))
        self.assertIn("whole number", self.message(UserErrorException, many.take, -1))

    def test_partitions_and_filter(self):
        dataset = self.files("years", partition_format="/{year}/{month}/{name}.csv")
        self.assertEqual(dataset.partition_keys, ["year", "month", "name"])
        self.assertEqual(dataset.get_partition_key_values(["year"]), [{"year": "2020"}, {"year": "2021"}])
        self.assertEqual(dataset.filter((dataset["year"] == "2021") & ~(dataset["name"] == "x")).to_path(), ["/2021/12/y.csv"])
        when = self.files("years", partition_format="/{when:yyyy/MM}/*.csv")
        import datetime

        self.assertEqual(when.filter(when["when"] > datetime.datetime(2020, 6, 1)).to_path(), ["/2021/12/y.csv"])
        big = self.files("in")
        self.put("in/zero", "")
        self.assertEqual(big.filter(big.file_metadata("Size") == 0).to_path(), ["/zero"])
        self.assertIn("Files have no 'nope'", self.message(UserErrorException, big.filter(big["nope"] == 1).to_path))
        self.assertIn("takes an expression", self.message(UserErrorException, big.filter, True))
        self.assertEqual(self.message(UserErrorException, dataset.get_partition_key_values, ["no"]), "['no'] are invalid partition keys")

    def test_partition_formats_that_are_none(self):
        for text, reason in (
            ("x", "names no column"), ("{", "names no column"), ("{a}{", "bracket"), ("{:yyyy}", "has no name"),
            ("{d:MM}", "needs its year"), ("{Path}", "reserved"), ("{a:yyyy}{b:yyyy}", "Only one"), ("{a:}", "missing"),
        ):
            self.assertIn(reason, self.message(ValueError, self.files, "years", partition_format=text), text)


class Registered(DatasetTest):
    def test_names_and_versions(self):
        first = self.files("in").register(self.workspace, "d", description="text", tags={"k": 1})
        self.assertEqual((first.name, first.version, first.description, first.tags), ("d", 1, "text", {"k": "1"}))
        self.assertRegex(first.id, "^[0-9a-f]{64}$")
        self.assertIsNone(self.files("in").id)
        self.assertEqual(self.files("in").register(self.workspace, "d").version, 1)  # the same again
        text = self.message(UserErrorException, self.files("one.txt").register, self.workspace, "d")
        self.assertTrue(text.startswith('There is already a dataset registered under name "d". Specify `create_new_version=True`'), text)
        second = self.files("one.txt").register(self.workspace, "d", create_new_version=True)
        self.assertEqual(second.version, 2)
        self.assertEqual(Dataset.get_by_name(self.workspace, "d").to_path(), ["/one.txt"])
        old = Dataset.get_by_name(self.workspace, "d", version=1)
        self.assertEqual((old.version, len(old.to_path()), type(old)), (1, 4, FileDataset))
        self.assertEqual(Dataset.get_by_id(self.workspace, first.id).to_path(), old.to_path())
        self.assertEqual(list(Dataset.get_all(self.workspace)), ["d"])
        self.assertEqual(self.workspace.datasets["d"].version, 2)
        self.assertIsNone(self.workspace.datasets.get("no"))

    def test_tags_and_descriptions_change_in_place(self):
        dataset = self.files("in").register(self.workspace, "d", tags={"a": "1"}).add_tags({"b": "2"}).remove_tags(["a"])
        dataset.update(description="new")
        found = Dataset.get_by_name(self.workspace, "d")
        self.assertEqual((found.version, found.tags, found.description), (1, {"b": "2"}, "new"))
        self.assertIn("not registered", self.message(UserErrorException, self.files("in").add_tags, {"a": "b"}))
        found.unregister_all_versions()
        self.assertEqual(list(self.workspace.datasets), [])

    def test_what_is_not_there_names_what_is(self):
        self.files("in").register(self.workspace, "there")
        text = self.message(UserErrorException, Dataset.get_by_name, self.workspace, "nope")
        self.assertEqual(text, 'Cannot find dataset registered with name "nope" in the workspace. Registered are: there.')
        text = self.message(UserErrorException, Dataset.get_by_name, self.workspace, "there", version=7)
        self.assertIn('with name "there" (version: 7) in the workspace', text)
        text = self.message(UserErrorException, Dataset.get_by_name, self.workspace, "there", version="x")
        self.assertEqual(text, 'Invalid value x for version. Version value must be number or "latest".')
        self.assertIn('id "abc"', self.message(UserErrorException, Dataset.get_by_id, self.workspace, "abc"))

    def test_data_assets_are_file_datasets(self):
        self.state.data["asset"] = {"name": "asset", "version": "3", "type": "uri_folder", "path": self.write("f/x", "y")[:-2]}
        self.state.data["stored"] = {"name": "stored", "version": "1", "type": "uri_file",
                                     "path": "azureml://datastores/workspaceblobstore/paths/one.txt"}
        self.state.data["table"] = {"name": "table", "version": "1", "type": "mltable", "path": "/x"}
        asset = Dataset.get_by_name(self.workspace, "asset")
        self.assertEqual((asset.version, asset.to_path()), (3, ["/x"]))
        self.assertEqual(Dataset.get_by_name(self.workspace, "stored").to_path(), ["/one.txt"])
        self.assertIn("mltable.load", self.message(UserErrorException, Dataset.get_by_name, self.workspace, "table"))

    def test_upload_directory(self):
        self.write("up/a.csv", "1")
        self.write("up/sub/b.txt", "2")
        everything = Dataset.File.upload_directory("up", (self.store, "put"), show_progress=False)
        self.assertEqual(everything.to_path(), ["/a.csv", "/sub/b.txt"])
        some = Dataset.File.upload_directory("up", (self.store, "some"), pattern="**/*.txt", show_progress=False)
        self.assertEqual(some.to_path(), ["/sub/b.txt"])
        self.assertIn("must be a folder", self.message(UserErrorException, Dataset.File.upload_directory, "no", (self.store, "x"), show_progress=False))

    def test_in_a_step(self):
        direct = self.files("in")._saved_id(self.workspace)
        os.environ.update(
            AZUREML_DATASET_ENVIRONMENT_VARS="folder:mount,whole:direct", folder="/mounted/folder", whole=direct,
            AZUREML_DATASET_FILE_OUTPUTS="out", AZURE_ML_OUTPUT_out="/out/here", AZURE_ML_INPUT_v2="/v2/in",
            AZUREML_LINK_DATASET_OUTPUTS="linked",
        )
        run = Run.get_context()
        self.assertEqual(run.input_datasets["folder"], "/mounted/folder")
        self.assertEqual(run.input_datasets["whole"].to_path(), self.files("in").to_path())
        self.assertEqual(run.input_datasets["v2"], "/v2/in")
        self.assertEqual(run.output_datasets["out"], "/out/here")
        self.assertIn("no is no input of this step (it has: folder, whole)", self.message(KeyError, lambda: run.input_datasets["no"]))
        run.output_datasets["linked"].link(self.files("in"))
        self.assertEqual(run.get_properties()["azureml.output.linked"], direct)
        self.assertEqual(self.message(RuntimeError, run.output_datasets["linked"].link, None), "Argument dataset cannot be None.")


if __name__ == "__main__":
    unittest.main()
