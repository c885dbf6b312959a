"""Datastores: folders with the cloud's names; what upload and download copy, skip, print and refuse."""
import os
import unittest

from support import ShimTest

from azureml.core import Datastore, Run
from azureml.exceptions import UserErrorException


class Datastores(ShimTest):
    def setUp(self):
        super().setUp()
        self.enter_step()
        self.workspace = Run.get_context().experiment.workspace
        self.store = self.workspace.get_default_datastore()
        self.folder_of_store = self.state.datastores["workspaceblobstore"]

    def stored(self):
        found = []
        for place, _, files in os.walk(self.folder_of_store):
            found += [os.path.relpath(os.path.join(place, file), self.folder_of_store) for file in files]
        return sorted(found)

    def lines(self, function, *arguments, **named):
        return self.printed(function, *arguments, **named).splitlines()

    def test_which(self):
        self.assertEqual((self.store.name, self.store.datastore_type, self.store.is_default), ("workspaceblobstore", "AzureBlob", True))
        self.assertEqual(Datastore(self.workspace, "other").name, "other")
        self.assertEqual(Datastore(self.workspace).name, "workspaceblobstore")
        self.assertEqual(Datastore.get(self.workspace, "other"), self.workspace.datastores["other"])
        self.assertIn(
            "amlocal datastore create nope --path FOLDER",
            self.message(UserErrorException, Datastore.get, self.workspace, "nope"),
        )

    def test_the_default_is_chosen_for_this_process(self):
        self.addCleanup(setattr, type(self.workspace), "_chosen_datastore", None)
        self.workspace.datastores["other"].set_as_default()
        self.assertEqual(self.workspace.get_default_datastore().name, "other")
        self.assertEqual(Datastore(Run.get_context().experiment.workspace).name, "other")
        self.assertIn("datastore create nope", self.message(UserErrorException, self.workspace.set_default_datastore, "nope"))

    def test_registering_takes_the_folder_that_stands_for_it(self):
        register = Datastore.register_azure_blob_container
        found = register(workspace=self.workspace, datastore_name="other", container_name="c", account_name="a", account_key="k")
        self.assertEqual((found.name, found.container_name), ("other", "c"))
        text = self.message(UserErrorException, register, self.workspace, "new", "c", "a")
        self.assertTrue(text.startswith("new is the container c of the storage account a, which nobody reaches from here."), text)
        self.assertIn("datastore create new", text)
        self.assertIn("own client", self.message(NotImplementedError, Datastore.register_azure_sql_database, self.workspace, "d", "s", "b"))

    def test_upload(self):
        self.write("src/a.txt", "1")
        self.write("src/d/b.txt", "2")
        lines = self.lines(self.store.upload, "src", target_path="in", show_progress=True)
        self.assertEqual(lines[0], "Uploading an estimated of 2 files")
        self.assertEqual(lines[-1], "Uploaded 2 files")
        self.assertEqual(self.stored(), ["in/a.txt", "in/d/b.txt"])
        self.write("src/a.txt", "changed")
        lines = self.lines(self.store.upload, "src", "in")
        self.assertIn("Target already exists. Skipping upload for in/a.txt", lines)
        self.assertEqual(lines[-1], "Uploaded 0 files")
        self.assertEqual(self.lines(self.store.upload, "src", "in", overwrite=True, show_progress=False), [])
        with open(os.path.join(self.folder_of_store, "in", "a.txt")) as file:
            self.assertEqual(file.read(), "changed")
        self.assertEqual(self.message(UserErrorException, self.store.upload, "src/a.txt"), "src_path must be a directory.")

    def test_upload_files(self):
        for name in ("x/y/a.txt", "x/z/b.txt"):
            self.write(name, name)
        self.store.upload_files(["x/y/a.txt", os.path.join(self.work, "x/z/b.txt")], target_path="t", show_progress=False)
        self.store.upload_files(["x/y/a.txt"], relative_root=".", show_progress=False)
        self.assertEqual(self.stored(), ["t/y/a.txt", "t/z/b.txt", "x/y/a.txt"])
        self.assertEqual(
            self.message(UserErrorException, self.store.upload_files, ["nope"]),
            "'nope' does not point to a file. Please upload the file to cloud first if running in a cloud notebook.",
        )
        self.assertEqual(
            self.message(UserErrorException, self.store.upload_files, ["x/y/a.txt"], "x/z"),
            "relative_root: 'x/z' is not part of the file_path: 'x/y/a.txt'.",
        )
        self.assertIn("leads out of the datastore", self.message(
            UserErrorException, self.store.upload_files, ["x/y/a.txt"], target_path="../up", show_progress=False))

    def test_download(self):
        for name in ("in/a.txt", "in/d/b.txt", "other.txt"):
            os.makedirs(os.path.dirname(os.path.join(self.folder_of_store, name)), exist_ok=True)
            with open(os.path.join(self.folder_of_store, name), "w") as file:
                file.write(name)
        self.assertEqual(self.store.download("out", prefix="in", show_progress=False), 2)
        with open("out/in/d/b.txt") as file:
            self.assertEqual(file.read(), "in/d/b.txt")
        with self.assertLogs("azureml", "WARNING") as logs:
            self.assertEqual(self.store.download("out", prefix="in/a", show_progress=False), 0)
        self.assertIn("Path already exists. Skipping download for out/in/a.txt", logs.output[0])
        self.assertEqual(self.store.download("out", prefix="nothing", show_progress=False), 0)


if __name__ == "__main__":
    unittest.main()
